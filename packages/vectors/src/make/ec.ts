import { p256 } from "@noble/curves/nist.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { base64url, type Bytes, concat, fromNumber, nothingUpMySleeve, toNumber } from "./bytes.ts";

/** Order and prime of P-256. */
export const n = p256.Point.Fn.ORDER;
export const p = p256.Point.Fp.ORDER;
export const b = p256.Point.CURVE().b;

export interface EcKey {
  readonly d: bigint;
  /** X then Y, 64 bytes. */
  readonly point: Bytes;
}

export function mod(value: bigint, modulus: bigint): bigint {
  const rest = value % modulus;
  return rest < 0n ? rest + modulus : rest;
}

export function inverse(value: bigint, modulus: bigint): bigint {
  let [a, b, x, y] = [mod(value, modulus), modulus, 1n, 0n];
  while (a > 1n) {
    const quotient = b / a;
    [a, b, x, y] = [b - quotient * a, a, y - quotient * x, x];
  }
  if (a !== 1n) throw new Error("not invertible");
  return mod(x, modulus);
}

export function ecKey(d: bigint): EcKey {
  return { d, point: pointBytes(p256.Point.BASE.multiply(d)) };
}

export function namedEcKey(name: string): EcKey {
  return ecKey(mod(toNumber(nothingUpMySleeve(`EC key ${name}`)), n));
}

type Point = typeof p256.Point.BASE;

export function pointBytes(point: Point): Bytes {
  const { x, y } = point.toAffine();
  return concat(fromNumber(x, 32), fromNumber(y, 32));
}

/** x of k times the base point, before reduction by n. */
export function xOf(k: bigint): bigint {
  return p256.Point.BASE.multiply(k).toAffine().x;
}

/** R then S, 32 bytes each. */
export function signatureBytes(r: bigint, s: bigint): Bytes {
  return concat(fromNumber(r, 32), fromNumber(s, 32));
}

export function rs(signature: Bytes): [r: bigint, s: bigint] {
  return [toNumber(signature.subarray(0, 32)), toNumber(signature.subarray(32))];
}

/** The number that ECDSA makes of a hash: its leftmost 256 bits. */
export function hashNumber(data: Bytes, hash: (data: Bytes) => Bytes = sha256): bigint {
  return toNumber(hash(data).subarray(0, 32));
}

/** Deterministic by RFC 6979, with low S so that the high one is a case of its own. */
export function signEc(key: EcKey, data: Bytes, hash: (data: Bytes) => Bytes = sha256): Bytes {
  const digest = hash(data);
  return p256.sign(digest, fromNumber(key.d, 32), { prehash: false, lowS: true });
}

/** The key under which a signature with nonce k and this s is valid for the data. */
export function keyForSignature(data: Bytes, k: bigint, s: bigint): EcKey {
  const r = mod(xOf(k), n);
  return ecKey(mod((s * k - hashNumber(data)) * inverse(r, n), n));
}

/** A DER SEQUENCE of two INTEGERs, as most libraries write ECDSA signatures. */
export function derSignature(signature: Bytes): Bytes {
  const integers = rs(signature).map((number) => {
    const bytes = fromNumber(number);
    const content = bytes[0]! >= 0x80 ? concat(0, bytes) : bytes;
    return concat(0x02, content.length, content);
  });
  const content = concat(...integers);
  return concat(0x30, content.length, content);
}

export function ecJwk(key: EcKey, withPrivate = true): Record<string, string> {
  return {
    kty: "EC",
    crv: "P-256",
    x: base64url(key.point.subarray(0, 32)),
    y: base64url(key.point.subarray(32)),
    ...(withPrivate ? { d: base64url(fromNumber(key.d, 32)) } : {}),
  };
}
