import { backend } from "#backend";
import * as asn1 from "asn1js";
import { encodeBase64url, TokenBindingError } from "@tokbind/codec";
import { isScalar } from "./check-private-jwk.ts";
import { der, tags, uncompressed } from "./der.ts";
import { concat, equal, withoutLeadingZeros } from "./numbers.ts";
import { derOf } from "./pem.ts";
import type { Jwk } from "./types.ts";

const rsaEncryption = "1.2.840.113549.1.1.1";
const idEcPublicKey = "1.2.840.10045.2.1";
const secp256r1 = "1.2.840.10045.3.1.7";

/**
 * Reads a PrivateKeyInfo (RFC 5208 section 5) as a JWK. Only its form is looked at here: whether the numbers
 * make a key is checked in one place for all formats.
 *
 * Node reads with this, too: node:crypto aborts the whole process on some broken EC keys (Node 20.20, a
 * scalar of 33 bytes without the public key).
 *
 * @throws TokenBindingError `key_import`
 */
export function readPkcs8(pkcs8: Uint8Array | string): Jwk {
  const bytes = pkcs8Bytes(pkcs8);
  const [, algorithm, privateKey] = elements(bytes) ?? [];
  if (algorithm instanceof asn1.Sequence && privateKey instanceof asn1.OctetString) {
    const [oid, parameters] = algorithm.valueBlock.value.map(objectIdentifier);
    const inner = elements(privateKey.valueBlock.valueHexView) ?? [];
    const jwk =
      oid === rsaEncryption
        ? readRsa(inner)
        : oid === idEcPublicKey && parameters === secp256r1
          ? readEc(inner)
          : undefined;
    if (jwk !== undefined) return jwk;
  }
  throw invalidPkcs8(bytes);
}

/** RSAPrivateKey, RFC 8017 appendix A.1.2. */
function readRsa(fields: readonly asn1.AsnType[]): Jwk | undefined {
  const numbers = fields.map(integer);
  const [version, n, e, d, p, q, dp, dq, qi] = numbers;
  if (version !== "" || numbers.length !== 9) return undefined;
  return n && e && d && p && q && dp && dq && qi ? { kty: "RSA", n, e, d, p, q, dp, dq, qi } : undefined;
}

/** ECPrivateKey, RFC 5915 section 3. Some writers leave the public key out. */
function readEc(fields: readonly asn1.AsnType[]): Jwk | undefined {
  const [, scalar, ...optional] = fields;
  if (!(scalar instanceof asn1.OctetString)) return undefined;
  // Some writers leave out leading zeros.
  const number = withoutLeadingZeros(scalar.valueBlock.valueHexView);
  const d = concat(new Uint8Array(Math.max(0, 32 - number.length)), number);
  if (!isScalar(d)) return undefined;
  // Only [0] parameters, which says what the algorithm has said, and [1] publicKey may follow.
  if (!optional.every((field) => field.idBlock.tagClass === 3 && field.idBlock.tagNumber < 2))
    return undefined;
  const publicKey = optional.find((field) => field.idBlock.tagNumber === 1);
  const point = publicKey === undefined ? backend.derivePoint(d) : sec1Point(publicKey, d);
  return point && { kty: "EC", crv: "P-256", ...coordinates(point), d: encodeBase64url(d) };
}

function coordinates(point: Uint8Array): Pick<Jwk, "x" | "y"> {
  return { x: encodeBase64url(point.subarray(0, 32)), y: encodeBase64url(point.subarray(32)) };
}

/** X then Y (64 bytes) of a public key in the forms of SEC 1 section 2.3.3: uncompressed, or compressed. */
function sec1Point(field: asn1.AsnType, scalar: Uint8Array): Uint8Array | undefined {
  const [bits] = field instanceof asn1.Constructed ? field.valueBlock.value : [];
  if (!(bits instanceof asn1.BitString)) return undefined;
  const bytes = bits.valueBlock.valueHexView;
  if (bytes[0] === uncompressed[0] && bytes.length === 65) return bytes.slice(1);
  // To decompress takes a square root. The scalar tells what must come out.
  const point = backend.derivePoint(scalar);
  const compressed = concat(Uint8Array.of(2 + (point[63]! & 1)), point.subarray(0, 32));
  return equal(bytes, compressed) ? point : undefined;
}

function elements(bytes: Uint8Array): readonly asn1.AsnType[] | undefined {
  try {
    const { offset, result } = asn1.fromBER(new Uint8Array(bytes), { parseEmbedded: false, maxDepth: 4 });
    return offset === bytes.length && result instanceof asn1.Sequence ? result.valueBlock.value : undefined;
  } catch {
    // asn1js tells most errors by the offset, but throws at a date that is none.
    return undefined;
  }
}

function objectIdentifier(field: asn1.AsnType): string | undefined {
  return field instanceof asn1.ObjectIdentifier ? field.getValue() : undefined;
}

/** Base64url of a number without leading zeros, so "" for 0. */
function integer(field: asn1.AsnType): string | undefined {
  if (!(field instanceof asn1.Integer)) return undefined;
  return encodeBase64url(withoutLeadingZeros(field.valueBlock.valueHexView));
}

/** The bytes of a PrivateKeyInfo given as DER or PEM, with nothing after it: parsers do not report that. */
function pkcs8Bytes(pkcs8: Uint8Array | string): Uint8Array {
  const bytes = derOf(pkcs8, "PRIVATE KEY");
  const lengthByte = bytes[1] ?? 0;
  const header = lengthByte < 0x80 ? 2 : 2 + (lengthByte & 0x7f);
  if (!equal(der(tags.sequence, bytes.subarray(header)), bytes)) throw invalidPkcs8(bytes);
  return bytes;
}

/** What to say of bytes that are no PrivateKeyInfo of ours. Only their number is shown. */
function invalidPkcs8(bytes: Uint8Array): TokenBindingError {
  return new TokenBindingError(
    "key_import",
    "private key: expected DER of an unencrypted PrivateKeyInfo (PKCS#8) with rsaEncryption or id-ecPublicKey, " +
      `got ${bytes.length} other bytes; convert with openssl pkcs8 -topk8 -nocrypt -outform DER`,
  );
}
