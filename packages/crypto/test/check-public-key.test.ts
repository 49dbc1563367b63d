import {
  decodeBase64url,
  decodeTokenBindingID,
  encodeTokenBindingID,
  TokenBindingError,
  type TokenBindingID,
} from "@tokbind/codec";
import { describe, expect, test } from "vitest";
import { checkPublicKey } from "../src/check-public-key.ts";
import { backends } from "./backends.ts";
import { bytes, ecId, ecKeyPair, join, numberBytes, rsaFixture, rsaId } from "./keys.ts";

const fixture = rsaFixture();
const { modulus } = fixture;
const rsaKey = { kind: "rsa", modulus, publicExponent: fixture.publicExponent } as const;
const { point } = ecKeyPair();
const p = 0xffffffff00000001000000000000000000000000ffffffffffffffffffffffffn;

const withExponent = (hex: string) => rsaId("rsa2048_pss", { modulus, publicExponent: bytes(hex) });
const withModulus = (other: Uint8Array) =>
  rsaId("rsa2048_pkcs1.5", { modulus: other, publicExponent: fixture.publicExponent });
const changed = (number: Uint8Array, at: number, change: (byte: number) => number) =>
  number.map((byte, i) => (i === at ? change(byte) : byte));

const refused: readonly (readonly [name: string, id: TokenBindingID])[] = [
  ["[A-09] exponent 1", withExponent("01")],
  ["[A-09] exponent 0", withExponent("00")],
  ["[A-09] exponent 2", withExponent("02")],
  ["[A-09] even exponent 65538", withExponent("010002")],
  ["[A-09] exponent 2^32+1", withExponent("0100000001")],
  ["[A-09] exponent of 255 bytes", withExponent(`01${"00".repeat(253)}01`)],
  ["[TBP-3.2-02] exponent with a leading zero", withExponent("00010001")],
  ["[TBP-3.2-02] modulus with a leading zero", withModulus(join(Uint8Array.of(0), modulus))],
  ["[TBP-3.2-02] modulus of 2048 bits filled up from 2040", withModulus(changed(modulus, 0, () => 0))],
  ["[A-09] modulus of 2047 bits", withModulus(changed(modulus, 0, (byte) => byte & 0x7f))],
  ["[A-09] modulus of 2040 bits", withModulus(modulus.subarray(1))],
  ["[A-09] modulus of 3072 bits", withModulus(join(modulus, modulus.subarray(128)))],
  ["[A-09] modulus of 1024 bits", withModulus(modulus.subarray(128))],
  ["[A-09] even modulus", withModulus(changed(modulus, 255, (byte) => byte & 0xfe))],
  ["[TBP-3.2-03] point with the prefix 04", ecId(join(Uint8Array.of(4), point))],
  ["[TBP-3.2-03] point with a zero before X", ecId(join(Uint8Array.of(0), point))],
  ["[TBP-3.2-03] point with a zero before Y", ecId(withZeroBeforeY(point))],
  ["[TBP-3.2-03] compressed point", ecId(join(Uint8Array.of(2), point.subarray(0, 32)))],
  ["[TBP-3.2-03] point of 63 bytes", ecId(point.subarray(1))],
  ["[TBP-3.2-05] point off the curve by one bit", ecId(changed(point, 63, (byte) => byte ^ 1))],
  ["[TBP-3.2-05] point of 64 zeros", ecId(new Uint8Array(64))],
  ["[TBP-3.2-05] point with X and Y swapped", ecId(join(point.subarray(32), point.subarray(0, 32)))],
  ["[TBP-3.2-05] point of secp256k1", ecId(bytes(secp256k1Generator()))],
  [
    "[A-09] no exponent",
    { ...withExponent("01"), publicKey: { ...rsaKey, publicExponent: new Uint8Array() } },
  ],
  ["[TBP-3.2-05] point with Y = p + y, which is on the curve modulo p", ecId(unreducedY())],
  ["[TBP-3.2-05] point with X = p + x, which is on the curve modulo p", ecId(unreducedX(5n))],
  ["[TBP-3.2-05] point with X = p, which is 0 modulo p and on the curve", ecId(unreducedX(0n))],
  ["unassigned key parameters", encodeTokenBindingID(3, { kind: "opaque", bytes: point })],
  ["an RSA key under the code of ecdsap256", { ...ecId(point), publicKey: withModulus(modulus).publicKey }],
  ["a point under the code of rsa2048_pss", { ...ecId(point), keyParameters: 1 }],
];

const accepted: readonly (readonly [name: string, id: TokenBindingID])[] = [
  ["[A-09] exponent 3", withExponent("03")],
  ["[A-09] exponent 65537", withExponent("010001")],
  ["[A-09] exponent 2^32-1", withExponent("ffffffff")],
  ["[A-09] greatest modulus", withModulus(new Uint8Array(256).fill(0xff))],
  ["[A-09] least modulus", withModulus(join(Uint8Array.of(0x80), new Uint8Array(254), Uint8Array.of(1)))],
  ["[TBP-3.2-03] X that begins with 00", ecId(ecKeyPair((point) => point[0] === 0).point)],
  ["[TBP-3.2-03] Y that begins with 00", ecId(ecKeyPair((point) => point[32] === 0).point)],
  [
    "a key from the wire (TTRP draft section 2.4.1)",
    decodeTokenBindingID(
      decodeBase64url(
        "AgBBQKzyIrmcY_YCtHVoSHBut69vrGfFdy1_YKTZfFJv6BjrZsKD9b9FRzSBxDs1twTqnAS71M1RBumuihhI9xqxXKk",
      ),
    ),
  ],
];

const said: readonly (readonly [message: string, id: TokenBindingID])[] = [
  ["TB_ECPoint.point: expected 64 bytes, X then Y, got 63 bytes", ecId(point.subarray(1))],
  [
    "TB_ECPoint.point: expected coordinates below the prime of P-256, got a larger one",
    ecId(new Uint8Array(64).fill(0xff)),
  ],
  ["TB_ECPoint.point: expected a point on P-256, got one that is not on it", ecId(new Uint8Array(64))],
  ["RSAPublicKey.modulus: expected 256 bytes, got 255 bytes", withModulus(modulus.subarray(1))],
  [
    "RSAPublicKey.modulus: expected a number of 2048 bits, top bit set, got a smaller one",
    withModulus(new Uint8Array(256).fill(0x7f)),
  ],
  [
    "RSAPublicKey.modulus: expected an odd number, got an even one",
    withModulus(new Uint8Array(256).fill(0xfe)),
  ],
  [
    "RSAPublicKey.publicexponent: expected an odd number from 3 to 2^32-1 without leading zeros, got 5 bytes",
    withExponent("0100000001"),
  ],
  [
    "RSAPublicKey.publicexponent: expected an odd number from 3 to 2^32-1 without leading zeros, got a leading zero",
    withExponent("000003"),
  ],
  [
    "RSAPublicKey.publicexponent: expected an odd number from 3 to 2^32-1 without leading zeros, got 2",
    withExponent("02"),
  ],
  [
    'TokenBindingID.key_parameters: expected 0 or 1 with an RSA key or 2 with a point, got 1 with a key of kind "ec"',
    { ...ecId(point), keyParameters: 1 },
  ],
];

test.each(said)("%s", (message, id) => {
  const field = message.slice(0, message.indexOf(":"));
  expect(() => checkPublicKey(id)).toThrow(expect.objectContaining({ message, field }) as Error);
});

describe.each(backends)("%s importPublicKey", (_, { importPublicKey }) => {
  test.each(refused)("refuses: %s", (_, id) => {
    let error: unknown;
    try {
      importPublicKey(id);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(TokenBindingError);
    expect(error).toMatchObject({ code: "key_invalid" });
    expect((error as Error).message).toMatch(/: expected .*, got /);
  });

  test.each(accepted)("accepts: %s", (_, id) => {
    expect(importPublicKey(id).keyParameters).toMatch(/^(rsa2048_|ecdsap256)/);
  });
});

function withZeroBeforeY(point: Uint8Array): Uint8Array {
  return join(point.subarray(0, 32), Uint8Array.of(0), point.subarray(32));
}

function secp256k1Generator(): string {
  return (
    "79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798" +
    "483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8"
  );
}

/** The point of P-256 with Y = 5, whose Y + p still fits in 32 bytes. */
function unreducedY(): Uint8Array {
  const x = bytes("d7325d7646cd60d80a92738ceb345f844cffaf35841022cab176f692de8de1d7");
  expect(() => checkPublicKey(ecId(join(x, numberBytes(5n, 32))))).not.toThrow();
  return join(x, numberBytes(p + 5n, 32));
}

/** A point of P-256 with X so small that X + p still fits in 32 bytes. */
function unreducedX(x: bigint): Uint8Array {
  const b = 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604bn;
  const square = (x ** 3n - 3n * x + b) % p;
  let y = 1n;
  // p = 3 modulo 4, so a root of a square is its power (p + 1) / 4.
  for (let exponent = (p + 1n) / 4n, power = square; exponent > 0n; exponent >>= 1n) {
    if (exponent & 1n) y = (y * power) % p;
    power = (power * power) % p;
  }
  expect(() => checkPublicKey(ecId(join(numberBytes(x, 32), numberBytes(y, 32))))).not.toThrow();
  return join(numberBytes(x + p, 32), numberBytes(y, 32));
}
