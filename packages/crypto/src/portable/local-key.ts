import { type KeyParameters, TokenBindingError } from "@tokbind/codec";
import { type CheckedPrivateKey, privateMembers } from "../private-jwk.ts";
import { type Jwk, type KeyOptions, type TokenBindingKey } from "../types.ts";

/** How WebCrypto generates, imports and signs for each of the key parameters, RFC 8471 section 3.3. */
export const algorithms: Readonly<Record<KeyParameters, RsaAlgorithm | EcAlgorithm>> = {
  "rsa2048_pkcs1.5": rsa("RSASSA-PKCS1-v1_5"),
  // MGF1 uses the hash of the signature (W3C Web Cryptography section 21.4).
  rsa2048_pss: { ...rsa("RSA-PSS"), saltLength: 32 },
  ecdsap256: { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" },
};

type RsaAlgorithm = RsaHashedKeyGenParams & Partial<RsaPssParams>;
type EcAlgorithm = EcKeyGenParams & EcdsaParams;

function rsa(name: string): RsaAlgorithm {
  return { name, hash: "SHA-256", modulusLength: 2048, publicExponent: Uint8Array.of(1, 0, 1) };
}

/** WebCrypto of this runtime. */
export function subtle(): SubtleCrypto {
  const found = (globalThis as { crypto?: Partial<Crypto> }).crypto?.subtle;
  if (found !== undefined) return found;
  throw new TokenBindingError(
    "unsupported_runtime",
    "expected WebCrypto (crypto.subtle), got none; browsers offer it to pages in a secure context (https)",
  );
}

/** A key whose private half lives in this closure only. */
export function localKey(
  { keyParameters, id }: Pick<CheckedPrivateKey, "keyParameters" | "id">,
  privateKey: CryptoKey,
  { extractable = false }: KeyOptions = {},
): TokenBindingKey {
  const key: TokenBindingKey = {
    keyParameters,
    id,
    sign: async (data) =>
      new Uint8Array(await subtle().sign(algorithms[keyParameters], privateKey, new Uint8Array(data))),
  };
  if (!extractable) return key;
  const jwk = async () => (await subtle().exportKey("jwk", privateKey)) as Jwk;
  return { ...key, exportJwk: async () => privateMembers(await jwk(), keyParameters) };
}
