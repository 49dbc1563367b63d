import { sha256 } from "@noble/hashes/sha2.js";
import { base64url, type Bytes, concat, fill, fromNumber, nothingUpMySleeve, toNumber } from "./bytes.ts";
import { inverse, mod } from "./ec.ts";
import { primes } from "./primes.ts";

export interface RsaKey {
  readonly p: bigint;
  readonly q: bigint;
  readonly n: bigint;
  readonly e: bigint;
  readonly d: bigint;
}

export function rsaKey(name: keyof typeof primes, e = 65537n): RsaKey {
  const [p, q] = primes[name];
  // With e = 1 the private operation does nothing; an even e has no inverse and gets none.
  const d = e % 2n === 0n ? 0n : inverse(e, (p - 1n) * (q - 1n));
  return { p, q, n: p * q, e, d };
}

export function modulusBytes(key: RsaKey): Bytes {
  return fromNumber(key.n);
}

/** RSASP1 of RFC 8017 section 5.2.1 by the Chinese remainder theorem. */
export function rsaPrivate({ p, q, d }: RsaKey, message: bigint): bigint {
  const mp = power(message, mod(d, p - 1n), p);
  const mq = q === 2n ? message % 2n : power(message, mod(d, q - 1n), q);
  return mq + q * mod((mp - mq) * inverse(q, p), p);
}

/** A square root modulo n, the signature of an exponent of 2; undefined when there is none. p, q = 3 mod 4. */
export function squareRoot({ p, q, n }: RsaKey, square: bigint): bigint | undefined {
  const [rp, rq] = [power(square, (p + 1n) / 4n, p), power(square, (q + 1n) / 4n, q)];
  const root = rq + q * mod((rp - rq) * inverse(q, p), p);
  return (root * root) % n === square % n ? root : undefined;
}

function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let result = 1n;
  let square = mod(base, modulus);
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = (result * square) % modulus;
    square = (square * square) % modulus;
  }
  return result;
}

export function rsaSign(key: RsaKey, encoded: Bytes): Bytes {
  return fromNumber(rsaPrivate(key, toNumber(encoded)), modulusBytes(key).length);
}

type Hash = (data: Bytes) => Bytes;

/** Deviations from RSASSA-PSS as RFC 8471 section 3.3 requires it. */
export interface PssOptions {
  readonly salt?: Bytes;
  readonly hash?: Hash;
  readonly mgfHash?: Hash;
  readonly trailer?: number;
  /** Changes DB before it is masked. */
  readonly editBlock?: (block: Bytes) => Bytes;
  /** Leaves the bits set that the modulus has no room for. */
  readonly keepTopBits?: boolean;
  /** Zero bytes in front of the hash of M', 8 by RFC 8017. */
  readonly prefix?: number;
}

export const defaultSalt = nothingUpMySleeve("PSS salt");

/** EMSA-PSS-ENCODE, RFC 8017 section 9.1.1. */
export function encodePss(data: Bytes, modulusBits: number, options: PssOptions = {}): Bytes {
  const { salt = defaultSalt, hash = sha256, mgfHash = sha256, trailer = 0xbc, prefix = 8 } = options;
  const length = Math.ceil((modulusBits - 1) / 8);
  const digest = hash(concat(fill(prefix, 0), hash(data), salt));
  let block = concat(fill(length - salt.length - digest.length - 2, 0), 0x01, salt);
  if (options.editBlock) block = options.editBlock(block);
  const mask = mgf1(digest, block.length, mgfHash);
  const masked = block.map((byte, i) => byte ^ mask[i]!);
  if (!options.keepTopBits) masked[0]! &= 0xff >> (8 * length - (modulusBits - 1));
  return concat(masked, digest, trailer);
}

function mgf1(seed: Bytes, length: number, hash: Hash): Bytes {
  const blocks: Bytes[] = [];
  for (let i = 0; blocks.length * hash(seed).length < length; i++) {
    blocks.push(hash(concat(seed, fromNumber(BigInt(i), 4))));
  }
  return concat(...blocks).subarray(0, length);
}

/** DigestInfo prefixes of RFC 8017 section 9.2. */
export const digestInfo = {
  sha1: "3021300906052b0e03021a05000414",
  sha256: "3031300d060960864801650304020105000420",
  sha384: "3041300d060960864801650304020205000430",
  sha512: "3051300d060960864801650304020305000440",
  sha256WithoutNull: "302f300b0609608648016503040201" + "0420",
} as const;

/** EMSA-PKCS1-v1_5-ENCODE of a ready T, RFC 8017 section 9.2. */
export function encodePkcs1(info: Bytes, length: number): Bytes {
  return concat(0x00, 0x01, fill(length - info.length - 3, 0xff), 0x00, info);
}

export function rsaJwk(key: RsaKey): Record<string, string> {
  const { p, q, n, e, d } = key;
  const numbers =
    d === 0n ? { n, e, p, q } : { n, e, d, p, q, dp: mod(d, p - 1n), dq: mod(d, q - 1n), qi: inverse(q, p) };
  const members = Object.entries(numbers).map(([name, number]) => [name, base64url(fromNumber(number))]);
  return { kty: "RSA", ...(Object.fromEntries(members) as Record<string, string>) };
}
