import { p256 } from "@noble/curves/nist.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { type TokenBindingID } from "@tokbind/codec";
import { mgf1, PKCS1_SHA256, PSS } from "micro-rsa-dsa-dh/rsa.js";
import { checkPublicKey } from "../check-public-key.ts";
import { uncompressed } from "../der.ts";
import { concat, toBigInt } from "../numbers.ts";
import { type TokenBindingPublicKeyHandle } from "../types.ts";
import { publicKeyHandle } from "../verify.ts";

// WebCrypto verifies only asynchronously, so the public half is done in plain code. Nothing here is secret.
const rsaSchemes = { "rsa2048_pkcs1.5": PKCS1_SHA256, rsa2048_pss: PSS(sha256, mgf1(sha256), 32) };

/**
 * Makes the public key of a TokenBindingID ready to verify with, after checking it (RFC 8471 section 3.2,
 * a point on P-256 of exactly 64 bytes; or an odd RSA modulus of exactly 2048 bits in 256 bytes and an
 * odd exponent from 3 to 2^32-1 without leading zeros.
 *
 * @param id - decoded from the wire, or made of raw numbers with `encodeTokenBindingID`
 * @throws TokenBindingError `key_invalid` for any other key, and for unassigned key parameters
 * @example
 * const publicKey = importPublicKey(encodeTokenBindingID(2, { kind: "ec", point }));
 */
export function importPublicKey(id: TokenBindingID): TokenBindingPublicKeyHandle {
  const { keyParameters, publicKey } = checkPublicKey(id);
  if (keyParameters === "ecdsap256") {
    const point = concat(uncompressed, publicKey.point);
    // No low-S rule: RFC 8471 section 3.3 has none.
    const options = { format: "compact", prehash: true, lowS: false } as const;
    return publicKeyHandle(keyParameters, (data, signature) => p256.verify(signature, data, point, options));
  }
  const numbers = { n: toBigInt(publicKey.modulus), e: toBigInt(publicKey.publicExponent) };
  const scheme = rsaSchemes[keyParameters];
  return publicKeyHandle(keyParameters, (data, signature) => scheme.verify(numbers, data, signature));
}
