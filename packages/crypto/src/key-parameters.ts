import { checkKeyParameters, type KeyParameters, TokenBindingError } from "@tokbind/codec";
import { described } from "@tokbind/codec/options";
import type { TokenBindingKey } from "./types.ts";

/** JWS algorithm (RFC 7518 section 3.1) that signs exactly as the key parameters do. */
export const jwsAlgorithms: Readonly<Record<KeyParameters, string>> = {
  "rsa2048_pkcs1.5": "RS256",
  rsa2048_pss: "PS256",
  ecdsap256: "ES256",
};

/** Length in bytes of every signature, RFC 8471 section 3.3. */
export const signatureLengths: Readonly<Record<KeyParameters, number>> = {
  "rsa2048_pkcs1.5": 256,
  rsa2048_pss: 256,
  ecdsap256: 64,
};

/** Refuses what is no key at all. */
export function checkKey(key: TokenBindingKey): void {
  const given = key as Partial<TokenBindingKey> | null | undefined;
  if (typeof given?.sign !== "function") {
    throw new TokenBindingError(
      "invalid_argument",
      `key: expected a TokenBindingKey, got ${described(given)}`,
    );
  }
  checkKeyParameters(given.keyParameters);
}
