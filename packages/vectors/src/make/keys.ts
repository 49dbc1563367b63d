import { sha256 } from "@noble/hashes/sha2.js";
import { base64url, type Bytes, concat, fromNumber, nothingUpMySleeve, vector16, vector8 } from "./bytes.ts";
import { type EcKey, namedEcKey } from "./ec.ts";
import { modulusBytes, type RsaKey, rsaKey } from "./rsa.ts";

export const names = ["rsa2048_pkcs1.5", "rsa2048_pss", "ecdsap256"] as const;
export type KeyParameters = (typeof names)[number];

/** Codes of RFC 8471 section 3. */
export const codes = { "rsa2048_pkcs1.5": 0, rsa2048_pss: 1, ecdsap256: 2 } as const;
export const provided = 0;
export const referred = 1;

/** The two connections of the vectors. */
export const ekm = nothingUpMySleeve("EKM");
export const otherEkm = nothingUpMySleeve("EKM of another connection");

export const ec = namedEcKey("ec");
export const otherEc = namedEcKey("otherEc");
export const rsa = rsaKey("rsa");
export const otherRsa = rsaKey("otherRsa");

/** TB_ECPoint. */
export function ecPublicKey(key: EcKey): Bytes {
  return vector8(key.point);
}

/** RSAPublicKey; both numbers may be given as other bytes. */
export function rsaPublicKey(
  key: RsaKey,
  modulus = modulusBytes(key),
  exponent: Bytes = fromNumber(key.e),
): Bytes {
  return concat(vector16(modulus), vector8(exponent));
}

/** TokenBindingID. */
export function tokenBindingId(keyParameters: number, publicKey: Bytes): Bytes {
  return concat(keyParameters, vector16(publicKey));
}

/** `tbh` of draft-ietf-oauth-token-binding-08 section 3.4. */
export function hashOf(id: Bytes): string {
  return base64url(sha256(id));
}

/** The signed bytes of RFC 8471 section 3.3. */
export function signedData(type: number, keyParameters: number, over = ekm): Bytes {
  return concat(type, keyParameters, over);
}
