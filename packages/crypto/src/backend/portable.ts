import { p256 } from "@noble/curves/nist.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { type KeyParameters, TokenBindingError } from "@tokbind/codec";
import { mgf1, PKCS1_SHA256, PSS } from "micro-rsa-dsa-dh/rsa.js";
import type { CheckedPublicKey } from "../check-public-key.ts";
import { uncompressed } from "../der.ts";
import { concat, toBigInt } from "../numbers.ts";
import type { Backend, KeyPair, PrivateKey, VerifySignature } from "./types.ts";

/** WebCrypto for private keys. It verifies only asynchronously, so the public half is done in plain code. */
export const backend: Backend = {
  sha256,
  derivePoint: (scalar) => p256.getPublicKey(scalar, false).subarray(1),
  importPublicKey,
  generateKeyPair,
  importPrivateKey: async (jwk, keyParameters, extractable) => {
    const key = await subtle().importKey("jwk", jwk, algorithms[keyParameters], extractable, ["sign"]);
    return privateKey(key, keyParameters);
  },
};

const rsaSchemes = { "rsa2048_pkcs1.5": PKCS1_SHA256, rsa2048_pss: PSS(sha256, mgf1(sha256), 32) };

function importPublicKey({ keyParameters, publicKey }: CheckedPublicKey): VerifySignature {
  if (keyParameters === "ecdsap256") {
    const point = concat(uncompressed, publicKey.point);
    // No low-S rule: RFC 8471 section 3.3 has none.
    const options = { format: "compact", prehash: true, lowS: false } as const;
    return (data, signature) => p256.verify(signature, data, point, options);
  }
  const numbers = { n: toBigInt(publicKey.modulus), e: toBigInt(publicKey.publicExponent) };
  const scheme = rsaSchemes[keyParameters];
  return (data, signature) => scheme.verify(numbers, data, signature);
}

type RsaAlgorithm = RsaHashedKeyGenParams & Partial<RsaPssParams>;
type EcAlgorithm = EcKeyGenParams & EcdsaParams;

/** How WebCrypto generates, imports and signs for each of the key parameters, RFC 8471 section 3.3. */
const algorithms: Readonly<Record<KeyParameters, RsaAlgorithm | EcAlgorithm>> = {
  "rsa2048_pkcs1.5": rsa("RSASSA-PKCS1-v1_5"),
  // MGF1 uses the hash of the signature (W3C Web Cryptography section 21.4).
  rsa2048_pss: { ...rsa("RSA-PSS"), saltLength: 32 },
  ecdsap256: { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" },
};

function rsa(name: string): RsaAlgorithm {
  return { name, hash: "SHA-256", modulusLength: 2048, publicExponent: Uint8Array.of(1, 0, 1) };
}

/** WebCrypto of this runtime. */
function subtle(): SubtleCrypto {
  const found = (globalThis as { crypto?: Partial<Crypto> }).crypto?.subtle;
  if (found !== undefined) return found;
  throw new TokenBindingError(
    "unsupported_runtime",
    "expected WebCrypto (crypto.subtle), got none; browsers offer it to pages in a secure context (https)",
  );
}

async function generateKeyPair(keyParameters: KeyParameters, extractable: boolean): Promise<KeyPair> {
  const pair = await subtle().generateKey(algorithms[keyParameters], extractable, ["sign", "verify"]);
  return {
    publicJwk: await subtle().exportKey("jwk", pair.publicKey),
    privateKey: privateKey(pair.privateKey, keyParameters),
  };
}

function privateKey(key: CryptoKey, keyParameters: KeyParameters): PrivateKey {
  return {
    sign: async (data) =>
      new Uint8Array(await subtle().sign(algorithms[keyParameters], key, new Uint8Array(data))),
    exportJwk: () => subtle().exportKey("jwk", key),
  };
}
