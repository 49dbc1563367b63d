import { createHash, createHmac, pbkdf2 } from "node:crypto";
import { promisify } from "node:util";
import type { Mechanism } from "./mechanisms.ts";

// The formulas of RFC 5802 section 3.

type Hash = Mechanism["hash"];

/** Fewer are refused (RFC 5802 section 5.1, RFC 7677 section 4). */
export const minimumIterations = 4096;
// more than any server is known to use, and about a second of work for a client.
export const maximumIterations = 2_000_000;

/** Whether a client does this much work. */
export function isIterationCount(iterations: unknown): boolean {
  return (
    Number.isSafeInteger(iterations) &&
    (iterations as number) >= minimumIterations &&
    (iterations as number) <= maximumIterations
  );
}

export const hashLengths: Readonly<Record<Hash, number>> = { sha1: 20, sha256: 32, sha512: 64 };

/** SaltedPassword, made outside of the main thread. */
export function saltedPassword(
  hash: Hash,
  password: string,
  salt: Uint8Array,
  iterations: number,
): Promise<Buffer> {
  return promisify(pbkdf2)(password, salt, iterations, hashLengths[hash], hash);
}

export function hmac(hash: Hash, key: Uint8Array, data: string): Buffer {
  return createHmac(hash, key).update(data).digest();
}

/** H() */
export function digest(hash: Hash, data: Uint8Array): Buffer {
  return createHash(hash).update(data).digest();
}

export function clientKey(hash: Hash, saltedPassword: Uint8Array): Buffer {
  return hmac(hash, saltedPassword, "Client Key");
}

export function serverKey(hash: Hash, saltedPassword: Uint8Array): Buffer {
  return hmac(hash, saltedPassword, "Server Key");
}

/** Of two values of one length. */
export function xor(one: Uint8Array, other: Uint8Array): Buffer {
  return Buffer.from(one.map((byte, index) => byte ^ other[index]!));
}
