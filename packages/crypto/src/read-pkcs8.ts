import { p256 } from "@noble/curves/nist.js";
import * as asn1 from "asn1js";
import { encodeBase64url } from "@tokbind/codec";
import { concat, withoutLeadingZeros } from "./numbers.ts";
import { invalidPkcs8 } from "./pkcs8.ts";
import { isScalar } from "./private-jwk.ts";
import { type Jwk } from "./types.ts";

const rsaEncryption = "1.2.840.113549.1.1.1";
const idEcPublicKey = "1.2.840.10045.2.1";
const secp256r1 = "1.2.840.10045.3.1.7";

/**
 * Reads a PrivateKeyInfo (RFC 5208 section 5) as a JWK. Only its form is looked at here: whether the numbers
 * make a key is judged in one place for all formats.
 *
 * Both backends read with this: node:crypto aborts the whole process on some broken EC keys (Node 20.20, a
 * scalar of 33 bytes without the public key).
 *
 * @throws TokenBindingError `key_import`
 */
export function readPkcs8(bytes: Uint8Array): Jwk {
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
  const point = publicKey === undefined ? derivePoint(d) : sec1Point(publicKey);
  return point && { kty: "EC", crv: "P-256", ...coordinates(point), d: encodeBase64url(d) };
}

function coordinates(point: Uint8Array): Pick<Jwk, "x" | "y"> {
  return { x: encodeBase64url(point.subarray(0, 32)), y: encodeBase64url(point.subarray(32)) };
}

/** X then Y (64 bytes) of a scalar that is in range. */
export function derivePoint(scalar: Uint8Array): Uint8Array {
  return p256.getPublicKey(scalar, false).subarray(1);
}

function sec1Point(field: asn1.AsnType): Uint8Array | undefined {
  const [bits] = field instanceof asn1.Constructed ? field.valueBlock.value : [];
  if (!(bits instanceof asn1.BitString)) return undefined;
  try {
    return p256.Point.fromBytes(bits.valueBlock.valueHexView).toBytes(false).subarray(1);
  } catch {
    return undefined;
  }
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
