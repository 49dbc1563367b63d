import { createECDH, createHash, createPrivateKey, createPublicKey, sign, verify } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { native } from "../src/native.ts";
import { verifyP256 } from "../src/p256.ts";

/** Order of P-256, SEC 2 section 2.4.2. */
const n = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
const data = new Uint8Array(34).fill(7);

const bytesOf = (number: bigint) => new Uint8Array(Buffer.from(number.toString(16).padStart(64, "0"), "hex"));
const numberOf = (bytes: Uint8Array) => BigInt(`0x${Buffer.from(bytes).toString("hex")}`);
const join = (...parts: Uint8Array[]) => new Uint8Array(Buffer.concat(parts));

function keyPair() {
  const ecdh = createECDH("prime256v1");
  const point = new Uint8Array(ecdh.generateKeys().subarray(1));
  return { d: numberOf(ecdh.getPrivateKey()), point };
}

const base64url = (bytes: Uint8Array) => Buffer.from(bytes).toString("base64url");
const publicJwk = (point: Uint8Array) => ({
  ...{ kty: "EC", crv: "P-256" },
  ...{ x: base64url(point.subarray(0, 32)), y: base64url(point.subarray(32)) },
});
const { d, point } = keyPair();
const privateKey = createPrivateKey({
  key: { ...publicJwk(point), d: base64url(bytesOf(d)) },
  format: "jwk",
});
const signed = (over: Uint8Array) =>
  new Uint8Array(sign("sha256", over, { key: privateKey, dsaEncoding: "ieee-p1363" }));
const good = signed(data);
const r = good.subarray(0, 32);
const s = good.subarray(32);

/** The verdict of node:crypto. */
function reference(key: Uint8Array, over: Uint8Array, signature: Uint8Array): boolean {
  const publicKey = createPublicKey({ key: publicJwk(key), format: "jwk" });
  return verify("sha256", over, { key: publicKey, dsaEncoding: "ieee-p1363" }, signature);
}

function inverse(number: bigint): bigint {
  let result = 1n;
  for (let exponent = n - 2n, power = number % n; exponent > 0n; exponent >>= 1n) {
    if (exponent & 1n) result = (result * power) % n;
    power = (power * power) % n;
  }
  return result;
}

const hash = numberOf(createHash("sha256").update(data).digest());
// hash/s · G + r/s · Q = (hash + r·d)/s · G, which is no point of the plane when r = -hash/d.
const infinity = join(bytesOf(((n - (hash % n)) * inverse(d)) % n), s);

const refused: readonly (readonly [name: string, signature: Uint8Array])[] = [
  ["R = 0", join(bytesOf(0n), s)],
  ["S = 0", join(r, bytesOf(0n))],
  ["R = S = 0", new Uint8Array(64)],
  ["R = n", join(bytesOf(n), s)],
  ["S = n", join(r, bytesOf(n))],
  ["R = S = n - 1", join(bytesOf(n - 1n), bytesOf(n - 1n))],
  ["R = 2^256 - 1", join(new Uint8Array(32).fill(255), s)],
  ["S = 2^256 - 1", join(r, new Uint8Array(32).fill(255))],
  ["R = S = 1", join(bytesOf(1n), bytesOf(1n))],
  ["S then R", join(s, r)],
  ["the point at infinity", infinity],
];

describe("verifyP256", () => {
  test("accepts a good signature, with low S and with high S", () => {
    expect(verifyP256(point, data, good)).toBe(true);
    expect(verifyP256(point, data, join(r, bytesOf(n - numberOf(s))))).toBe(true);
    for (const length of [0, 128, 129, 100_000]) {
      const long = new Uint8Array(length).fill(1);
      expect(verifyP256(point, long, signed(long))).toBe(true);
      expect(verifyP256(point, long, good)).toBe(false);
    }
  });

  test("accepts whatever bytes R and S begin with", () => {
    const missing = new Set([0, 0x7f, 0x80, 0xff]);
    for (let i = 0; missing.size > 0; i++) {
      const over = Uint8Array.of(i >> 16, i >> 8, i);
      const signature = signed(over);
      expect(verifyP256(point, over, signature)).toBe(true);
      missing.delete(signature[0]!);
    }
  });

  test.each(refused)("refuses %s, as node:crypto does", (_, signature) => {
    expect(verifyP256(point, data, signature)).toBe(false);
    expect(reference(point, data, signature)).toBe(false);
  });

  test("refuses the signature of another key and over other data", () => {
    expect(verifyP256(keyPair().point, data, good)).toBe(false);
    expect(verifyP256(point, data.subarray(1), good)).toBe(false);
  });

  test("agrees with node:crypto on mutants, none of which is accepted", () => {
    fc.assert(
      fc.property(fc.nat(97), fc.integer({ min: 1, max: 255 }), (at, by) => {
        const [over, signature] = [data.slice(), good.slice()];
        if (at < 64) signature[at]! ^= by;
        else over[at - 64]! ^= by;
        expect(verifyP256(point, over, signature)).toBe(false);
        expect(reference(point, over, signature)).toBe(false);
      }),
      { numRuns: 300 },
    );
  });

  test("agrees with node:crypto on random signatures", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 64, maxLength: 64 }), (signature) => {
        expect(verifyP256(point, data, signature)).toBe(reference(point, data, signature));
      }),
      { numRuns: 100 },
    );
  });

  test("throws for a point off the curve, and leaves no error for others to find", () => {
    const errorsOfNext = () => {
      try {
        return createPublicKey("no key");
      } catch (error) {
        return (error as { opensslErrorStack?: string[] }).opensslErrorStack;
      }
    };
    const before = errorsOfNext();
    const other = point.slice();
    other[63]! ^= 1;
    for (const wrong of [other, new Uint8Array(64), new Uint8Array(64).fill(255)]) {
      expect(() => verifyP256(wrong, data, good)).toThrow("cannot use this key");
      // What is left in OpenSSL's queue, Node attaches to the error of whoever comes next.
      expect(errorsOfNext()).toEqual(before);
    }
    expect(verifyP256(point, data, good)).toBe(true);
  });

  test.each([
    ["a point of 63 bytes", point.subarray(1), good],
    ["a point with the prefix 04", join(Uint8Array.of(4), point), good],
    ["no point", new Uint8Array(), good],
    ["a signature of 63 bytes", point, good.subarray(1)],
    ["a signature of 65 bytes", point, join(good, Uint8Array.of(0))],
    ["no signature", point, new Uint8Array()],
  ])("throws for %s", (_, key, signature) => {
    expect(() => verifyP256(key, data, signature)).toThrow("64 bytes");
  });

  test.each([undefined, null, 64, "x".repeat(128), {}, new Uint8Array(127)])(
    "the addon refuses %o",
    (value) => {
      expect(() => native().verifyP256(value as Uint8Array)).toThrow();
    },
  );
});
