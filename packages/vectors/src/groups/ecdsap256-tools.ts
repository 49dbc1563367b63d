import { p256 } from "@noble/curves/nist.js";
import { type Bytes, concat, fill, nothingUpMySleeve, toNumber, vector16, vector8 } from "../make/bytes.ts";
import {
  b,
  type EcKey,
  hashNumber,
  inverse,
  mod,
  n,
  namedEcKey,
  p,
  rs,
  pointBytes,
  signatureBytes,
  signEc,
  xOf,
} from "../make/ec.ts";
import { codes, ec, ecPublicKey, signedData, tokenBindingId } from "../make/keys.ts";
import type { Binding } from "../make/message-builder.ts";

export const code = codes.ecdsap256;
export const data = signedData(0, code);
export const [r, s] = rs(signEc(ec, data));

export const signed = (signature: Bytes, key: EcKey = ec): Binding => ({
  type: 0,
  id: tokenBindingId(code, ecPublicKey(key)),
  signature,
});
export const withPoint = (bytes: Bytes, signature = signEc(ec, data)): Binding => ({
  type: 0,
  id: tokenBindingId(code, vector8(bytes)),
  signature,
  // Up to the lower bound of a message, which is not what these cases are about.
  ...(bytes.length < 64 ? { extensions: concat(9, vector16(fill(64, 0))) } : {}),
});

/** A key whose X (offset 0) or Y (32) begins with zero bytes. */
export function keyWithZeros(offset: 0 | 32): EcKey {
  for (let i = 0; ; i++) {
    const key = namedEcKey(`leading zero at ${offset}, ${i}`);
    if (key.point[offset] === 0) return key;
  }
}

/** Signatures with a first byte of zero, by trying nonces. */
export function nonceWhere(fits: (r: bigint, s: bigint) => boolean): Bytes {
  for (let i = 0; ; i++) {
    const k = mod(toNumber(nothingUpMySleeve(`nonce ${i}`)), n);
    const [r, s] = ecdsa(ec.d, k);
    if (fits(r, s)) return signatureBytes(r, s);
  }
}

export function ecdsa(d: bigint, k: bigint, hash = hashNumber(data)): [r: bigint, s: bigint] {
  const r = mod(xOf(k), n);
  return [r, mod(inverse(k, n) * (hash + r * d), n)];
}

/**
 * A signature that verifies under a "point" whose even multiples are taken for infinity, without any private
 * key: R is the hash's part alone, and S makes the point's factor even.
 */
export function signatureOfNothing(): Bytes {
  for (let i = 0; ; i++) {
    const k = mod(toNumber(nothingUpMySleeve(`small order ${i}`)), n);
    const r = mod(xOf(k), n);
    const s = mod(hashNumber(data) * inverse(k, n), n);
    if (mod(r * inverse(s, n), n) % 2n === 0n) return signatureBytes(r, s);
  }
}

/**
 * A good signature whose nonce has a point with an X above the order, so that r is X - n: made by choosing that
 * point and computing the key from it. Nobody knows the private key.
 */
export function wrappedSignature(): { key: EcKey; x: bigint; s: bigint } {
  let x = n;
  let y = 0n;
  for (; ; x++) {
    const square = mod(x * x * x - 3n * x + b, p);
    y = power(square, (p + 1n) / 4n);
    if ((y * y) % p === square) break;
  }
  const s = mod(toNumber(nothingUpMySleeve("s of the wrapped signature")), n);
  const { Point } = p256;
  const sum = Point.fromAffine({ x, y })
    .multiply(s)
    .add(Point.BASE.multiply(hashNumber(data)).negate());
  return { key: { d: 0n, point: pointBytes(sum.multiply(inverse(x - n, n))) }, x, s };
}

export function power(base: bigint, exponent: bigint): bigint {
  let result = 1n;
  for (let rest = exponent, square = base; rest > 0n; rest >>= 1n, square = (square * square) % p) {
    if (rest & 1n) result = (result * square) % p;
  }
  return result;
}
