import { createPrivateKey, randomBytes, sign, verify } from "node:crypto";
import { p256 } from "@noble/curves/nist.js";
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { backends } from "./backends.ts";
import { mutate, mutation } from "./mutation.ts";

const n = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
const hex = (value: bigint) => value.toString(16).padStart(64, "0");
const concat = (...parts: (Uint8Array | number[])[]) => Uint8Array.from(parts.flatMap((part) => [...part]));
const rs = (r: bigint, s: bigint) => Uint8Array.from(Buffer.from(hex(r) + hex(s), "hex"));
const integer = (bytes: Uint8Array | number[]) => concat([2, bytes.length], bytes);
const sequence = (...parts: Uint8Array[]) => {
  const content = concat(...parts);
  return concat([0x30, content.length], content);
};

/** A second decoder: noble's, which is as strict. */
function expected(der: Uint8Array): Uint8Array | undefined {
  try {
    return p256.Signature.fromBytes(der, "der").toBytes("compact");
  } catch {
    return undefined;
  }
}

describe.each(backends)("%s", (_, { decodeEcdsaSigValue, exportPkcs8, generateKey }) => {
  const decoded = (der: Uint8Array): Uint8Array | undefined => {
    try {
      return decodeEcdsaSigValue(der);
    } catch (error) {
      expect(error).toMatchObject({ code: "key_store" });
      return undefined;
    }
  };
  let good: Uint8Array;
  let pkcs8: Uint8Array;
  beforeAll(async () => {
    pkcs8 = await exportPkcs8(await generateKey("ecdsap256", { extractable: true }));
    good = new Uint8Array(sign("sha256", Buffer.alloc(34), createPrivateKey(pem(pkcs8))));
  });

  test("signatures of OpenSSL, whatever the lengths of their numbers", () => {
    const key = createPrivateKey(pem(pkcs8));
    for (let i = 0; i < 600; i++) {
      const data = randomBytes(34);
      const signature = decodeEcdsaSigValue(new Uint8Array(sign("sha256", data, key)));
      expect(verify("sha256", data, { key, dsaEncoding: "ieee-p1363" }, signature)).toBe(true);
    }
  });

  test.each([1n, 0x7fn, 0x80n, 0xffn, 0x100n, 1n << 247n, 1n << 248n, 1n << 255n, n >> 1n, n - 1n])(
    "R and S of any size: %s",
    (number) => {
      for (const [r, s] of [
        [number, 1n],
        [1n, number],
        [number, n - 1n],
        [number, number],
      ] as const) {
        const der = p256.Signature.fromBytes(rs(r, s), "compact").toBytes("der");
        expect(decodeEcdsaSigValue(der)).toEqual(rs(r, s));
      }
    },
  );

  const one = integer([1]);
  const big = (value: bigint) => {
    const bytes = Buffer.from(hex(value), "hex");
    return integer(bytes[0]! >= 0x80 ? concat([0], bytes) : bytes);
  };
  test.each<[string, Uint8Array]>([
    ["nothing", new Uint8Array()],
    ["R and S", rs(1n, 1n)],
    ["R of zero", sequence(integer([0]), one)],
    ["S of zero", sequence(one, integer([0]))],
    ["R without a byte", sequence(integer([]), one)],
    ["S without a byte", sequence(one, integer([]))],
    ["R of the order", sequence(big(n), one)],
    ["S of the order", sequence(one, big(n))],
    ["R of 33 bytes", sequence(integer(concat([1], new Uint8Array(32))), one)],
    ["a negative R", sequence(integer([0x80]), one)],
    ["a negative S", sequence(one, integer([0xff]))],
    ["R with a needless zero", sequence(integer([0, 1]), one)],
    ["S with a needless zero", sequence(one, integer([0, 1]))],
    ["a third number", sequence(one, one, one)],
    ["one number", sequence(one)],
    ["a length in the long form", concat([0x30, 0x81, 6], one, one)],
    ["an indefinite length", concat([0x30, 0x80], one, one, [0, 0])],
    ["a number's length in the long form", sequence(Uint8Array.of(2, 0x81, 1, 1), one)],
    ["a byte after it", concat(sequence(one, one), [0])],
    ["a SET", concat([0x31, 6], one, one)],
    ["an OCTET STRING in place of R", sequence(Uint8Array.of(4, 1, 1), one)],
    ["an OCTET STRING in place of S", sequence(one, Uint8Array.of(4, 1, 1))],
    ["a megabyte", new Uint8Array(2 ** 20).fill(0x30)],
  ])("%s is refused", (_what, der) => {
    expect(decoded(der)).toBeUndefined();
  });

  test("what is cut off is refused", () => {
    for (let length = 0; length < good.length; length++)
      expect(decoded(good.subarray(0, length))).toBeUndefined();
  });

  test("what is no bytes is the caller's mistake", () => {
    for (const value of [undefined, null, "30", [0x30], new ArrayBuffer(70)]) {
      expect(() => decodeEcdsaSigValue(value as never)).toThrow(
        expect.objectContaining({ code: "invalid_argument" }) as Error,
      );
    }
  });

  test("mutants and random bytes get the verdict of another strict decoder, and one encoding each", () => {
    const bytes = fc.uint8Array({ maxLength: 80 });
    const short = fc.uint8Array({ minLength: 1, maxLength: 33 });
    const shaped = fc.tuple(short, short).map(([r, s]) => sequence(integer(r), integer(s)));
    const changed = mutation.map((change) => mutate(good, change));
    fc.assert(
      fc.property(fc.oneof(changed, shaped, bytes), (der) => {
        expect(decoded(der)).toEqual(expected(der));
      }),
      { numRuns: 2_000 },
    );
  });
});

function pem(pkcs8: Uint8Array): string {
  return `-----BEGIN PRIVATE KEY-----\n${Buffer.from(pkcs8).toString("base64")}\n-----END PRIVATE KEY-----\n`;
}
