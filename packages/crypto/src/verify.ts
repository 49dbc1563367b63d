import { TokenBindingError } from "@tokbind/codec";
import { described } from "@tokbind/codec/options";
import type { TokenBindingPublicKeyHandle } from "./types.ts";

/**
 * Verifies a signature of RFC 8471 section 3.3 over any data, synchronously. For a TokenBinding the data are
 * the 34 bytes of `signedData`.
 *
 * @param publicKey - from {@link importPublicKey}
 * @param data - any number of bytes; hashed once, with SHA-256
 * @param signature - 64 bytes R then S for ecdsap256 (never DER, high S allowed), 256 bytes for RSA
 * @returns true for a good signature, false for any other bytes of any length
 * @throws TokenBindingError `invalid_argument` for arguments of other types, never for any bytes
 * @example
 * const publicKey = importPublicKey(binding.id);
 * const good = verify(publicKey, signedData(binding.type, binding.id.keyParameters, ekm), binding.signature);
 */
export function verify(
  publicKey: TokenBindingPublicKeyHandle,
  data: Uint8Array,
  signature: Uint8Array,
): boolean {
  const given = publicKey as Partial<TokenBindingPublicKeyHandle> | null | undefined;
  if (typeof given?.verify === "function") return publicKey.verify(data, signature);
  throw new TokenBindingError(
    "invalid_argument",
    `public key: expected one from importPublicKey, got ${described(given)}`,
  );
}
