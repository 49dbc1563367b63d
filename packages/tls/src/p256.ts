/**
 * For @tokbind/server: signatures verified by Node's own OpenSSL without a KeyObject, which node:crypto would make of
 * each key first.
 *
 * @module
 */

import { native } from "./native.ts";

const pointLength = 64;
const signatureLength = 64;
// What each call hands to C. Of an array of its own V8 would first move the bytes to where C can read them, which takes
// microseconds. 256 bytes are enough for what Token Binding signs, which is 34.
const shared = new Uint8Array(256);

/**
 * Verifies an ECDSA signature with P-256 and SHA-256, in about the time that node:crypto takes with a KeyObject at hand.
 *
 * @param point - X then Y, 64 bytes, known to be on the curve
 * @param data - any number of bytes
 * @param signature - R then S, 64 bytes
 * @returns true for a good signature, false for any other
 * @throws TokenBindingError `unsupported_runtime` where the addon cannot work; an Error for a point that is not on the
 *   curve, and for points and signatures of another length
 * @example
 * const isGood = verifyP256(point, data, signature);
 */
export function verifyP256(point: Uint8Array, data: Uint8Array, signature: Uint8Array): boolean {
  if (point.length !== pointLength || signature.length !== signatureLength) {
    throw new Error(`verifyP256: expected 64 bytes each, got ${point.length} and ${signature.length}`);
  }
  const length = pointLength + signatureLength + data.length;
  const input = length <= shared.length ? shared.subarray(0, length) : new Uint8Array(length);
  input.set(point);
  input.set(signature, pointLength);
  input.set(data, pointLength + signatureLength);
  return native().verifyP256(input);
}
