import { TokenBindingError } from "@tokbind/codec";
import { der, derInteger, p256Algorithm, rsaAlgorithm, tags, uncompressed } from "./der.ts";
import { exportPrivateJwk } from "./private-jwk.ts";
import { equal } from "./numbers.ts";
import { derOf } from "./pem.ts";
import { jwkMember } from "./public-jwk.ts";
import { type Jwk, type TokenBindingKey } from "./types.ts";

/**
 * The private key as an unencrypted PrivateKeyInfo, RFC 5208 section 5, with RSAPrivateKey (RFC 8017 appendix
 * A.1.2) or ECPrivateKey (RFC 5915) inside. Both RSA types are written as rsaEncryption, as WebCrypto does.
 *
 * @returns DER; 138 bytes for ecdsap256, about 1217 for RSA
 * @throws TokenBindingError `invalid_argument` when the key is not extractable
 * @example
 * const pem = encodePem("PRIVATE KEY", await exportPkcs8(key));
 */
export async function exportPkcs8(key: TokenBindingKey): Promise<Uint8Array> {
  const jwk = await exportPrivateJwk(key);
  const isEc = key.keyParameters === "ecdsap256";
  return der(
    tags.sequence,
    derInteger(Uint8Array.of(0)),
    isEc ? p256Algorithm : rsaAlgorithm,
    der(tags.octetString, isEc ? ecPrivateKey(jwk) : rsaPrivateKey(jwk)),
  );
}

function rsaPrivateKey(jwk: Jwk): Uint8Array {
  const numbers = (["n", "e", "d", "p", "q", "dp", "dq", "qi"] as const).map((name) => jwkMember(jwk, name));
  return der(tags.sequence, derInteger(Uint8Array.of(0)), ...numbers.map(derInteger));
}

function ecPrivateKey(jwk: Jwk): Uint8Array {
  const point = [uncompressed, jwkMember(jwk, "x", 32), jwkMember(jwk, "y", 32)];
  return der(
    tags.sequence,
    derInteger(Uint8Array.of(1)),
    der(tags.octetString, jwkMember(jwk, "d", 32)),
    der(tags.context1, der(tags.bitString, Uint8Array.of(0), ...point)),
  );
}

/** The bytes of a PrivateKeyInfo given as DER or PEM, with nothing behind it: parsers keep quiet about that. */
export function pkcs8Bytes(pkcs8: Uint8Array | string): Uint8Array {
  const bytes = derOf(pkcs8, "PRIVATE KEY");
  const lengthByte = bytes[1] ?? 0;
  const header = lengthByte < 0x80 ? 2 : 2 + (lengthByte & 0x7f);
  if (!equal(der(tags.sequence, bytes.subarray(header)), bytes)) throw invalidPkcs8(bytes);
  return bytes;
}

/** What to say of bytes that are no PrivateKeyInfo of ours. Only their number is shown. */
export function invalidPkcs8(bytes: Uint8Array): TokenBindingError {
  return new TokenBindingError(
    "key_import",
    "private key: expected DER of an unencrypted PrivateKeyInfo (PKCS#8) with rsaEncryption or id-ecPublicKey, " +
      `got ${bytes.length} other bytes; convert with openssl pkcs8 -topk8 -nocrypt -outform DER`,
  );
}
