import { constants, createHash, randomBytes, sign as nodeSign } from "node:crypto";
import { signedData } from "@tokbind/codec";
import { describe, expect, test } from "vitest";
import { backends } from "./backends.ts";
import { bytes, bytesNumber, ecKeyPair, join, numberBytes, rawRsaSign, rsaFixture, rsaId } from "./keys.ts";
import { digestInfo, pkcs1Block, pssBlock, type PssOptions } from "./padding.ts";

type Case = readonly [name: string, signature: Uint8Array];

const fixture = rsaFixture();
const cubic = rsaFixture(2048, 3);
const n = bytesNumber(fixture.modulus);
const data = signedData(0, 0, new Uint8Array(32).fill(9));
const hash = new Uint8Array(createHash("sha256").update(data).digest());

const signRsa = (hash: string, padding: number, saltLength?: number) =>
  new Uint8Array(
    nodeSign(hash, data, {
      key: fixture.privateKey,
      padding,
      ...(saltLength === undefined ? {} : { saltLength }),
    }),
  );
const raw = (block: Uint8Array) => rawRsaSign(fixture, block);
const pss = (options: PssOptions) => raw(pssBlock(data, options));

const pkcs1 = signRsa("sha256", constants.RSA_PKCS1_PADDING);
const pss32 = signRsa("sha256", constants.RSA_PKCS1_PSS_PADDING, 32);

/** A signature that still fits in 256 bytes when the modulus is added. */
function smallSignature(sign: (data: Uint8Array) => Uint8Array): { data: Uint8Array; signature: Uint8Array } {
  for (;;) {
    const data = new Uint8Array(randomBytes(34));
    const signature = sign(data);
    if (bytesNumber(signature) + n < 1n << 2048n) return { data, signature };
  }
}

/** What every RSA scheme has to refuse of a signature that was good. */
const misshapen = (signature: Uint8Array): readonly Case[] => [
  ["no bytes", new Uint8Array()],
  ["255 bytes", signature.subarray(1)],
  ["257 bytes, a 0 before", join(Uint8Array.of(0), signature)],
  ["257 bytes, a 0 after", join(signature, Uint8Array.of(0))],
  ["64 bytes", signature.subarray(0, 64)],
  ["an ECDSA public key as signature", ecKeyPair().point],
  ["0", new Uint8Array(256)],
  ["1", numberBytes(1n, 256)],
  ["n - 1", numberBytes(n - 1n, 256)],
  ["n", fixture.modulus],
  ["n + 1", numberBytes(n + 1n, 256)],
  ["2^2048-1", new Uint8Array(256).fill(0xff)],
  ["n - s", numberBytes(n - bytesNumber(signature), 256)],
];

const refusedPkcs1: readonly Case[] = [
  ...misshapen(pkcs1),
  ["[TBP-3.3-02] a PSS signature", pss32],
  ["the hash is SHA-1", signRsa("sha1", constants.RSA_PKCS1_PADDING)],
  ["the hash is SHA-512", signRsa("sha512", constants.RSA_PKCS1_PADDING)],
  ["no DigestInfo, only the hash", raw(pkcs1Block(hash))],
  ["DigestInfo without NULL", raw(pkcs1Block(join(bytes("302f300b0609608648016503040201" + "0420"), hash)))],
  [
    "DigestInfo of SHA-512 around it",
    raw(pkcs1Block(join(bytes("3031300d060960864801650304020305000420"), hash))),
  ],
  [
    "a BER length in DigestInfo",
    raw(pkcs1Block(join(bytes("308131300d060960864801650304020105000420"), hash))),
  ],
  ["garbage after the hash", raw(shortFill(join(digestInfo(data), new Uint8Array(20).fill(0xaa))))],
  ["fill of 8 bytes and zeros after the hash", raw(shortFill(digestInfo(data)))],
  ["a 0 in the fill", raw(changed(pkcs1Block(digestInfo(data)), 100, 0))],
  ["a byte other than ff in the fill", raw(changed(pkcs1Block(digestInfo(data)), 100, 0xfe))],
  ["block type 2", raw(changed(pkcs1Block(digestInfo(data)), 1, 2))],
  ["block type 0", raw(changed(pkcs1Block(digestInfo(data)), 1, 0))],
  ["first byte 1", raw(changed(pkcs1Block(digestInfo(data)), 0, 1))],
  ["no 0 before the DigestInfo", raw(changed(pkcs1Block(digestInfo(data)), 256 - 52, 0xff))],
];

const refusedPss: readonly Case[] = [
  ...misshapen(pss32),
  ["[TBP-3.3-01] a PKCS #1 v1.5 signature", pkcs1],
  ["[TBP-3.3-04] salt of 20 bytes", pss({ saltLength: 20 })],
  ["[TBP-3.3-04] salt of 0 bytes", pss({ saltLength: 0 })],
  ["[TBP-3.3-04] salt of 31 bytes", pss({ saltLength: 31 })],
  ["[TBP-3.3-04] salt of 33 bytes", pss({ saltLength: 33 })],
  ["[TBP-3.3-04] salt of 48 bytes", pss({ saltLength: 48 })],
  [
    "[TBP-3.3-04] the longest salt (222 bytes), as OpenSSL makes it unless told",
    signRsa("sha256", constants.RSA_PKCS1_PSS_PADDING, constants.RSA_PSS_SALTLEN_MAX_SIGN),
  ],
  ["[TBP-3.3-03] MGF1 with SHA-1", pss({ mgfHash: "sha1" })],
  ["[TBP-3.3-03] MGF1 with SHA-384", pss({ mgfHash: "sha384" })],
  ["[TBP-3.3-02] hash and MGF1 with SHA-1", pss({ hash: "sha1", mgfHash: "sha1" })],
  ["[TBP-3.3-02] hash SHA-512, MGF1 with SHA-256", pss({ hash: "sha512" })],
  ["[TBP-3.3-02] hash SHA-512/256, which has 32 bytes too", pss({ hash: "sha512-256" })],
  ["trailer cc instead of bc", pss({ trailer: 0xcc })],
  ["separator 2 instead of 1", pss({ separator: 2 })],
  ["separator 0 instead of 1", pss({ separator: 0 })],
];

describe.each(backends)("%s rsa2048_pkcs1.5", (_, { importPublicKey, verify }) => {
  const publicKey = importPublicKey(rsaId("rsa2048_pkcs1.5", fixture));

  test("[TBP-3.3-01] accepts what node:crypto and the bare primitive make, which is one and the same", () => {
    expect(verify(publicKey, data, pkcs1)).toBe(true);
    expect(raw(pkcs1Block(digestInfo(data)))).toEqual(pkcs1);
  });

  test.each(refusedPkcs1)("refuses: %s", (_, signature) => {
    expect(verify(publicKey, data, signature)).toBe(false);
  });

  test("refuses s + n", () => {
    const small = smallSignature((data) => raw(pkcs1Block(digestInfo(data))));
    expect(verify(publicKey, small.data, small.signature)).toBe(true);
    expect(verify(publicKey, small.data, numberBytes(bytesNumber(small.signature) + n, 256))).toBe(false);
  });

  // CVE-2006-4339: with e = 3 a cube root forges if what stands after the hash is not looked at.
  test("[A-09] exponent 3 verifies, and a cube root as signature does not", () => {
    const key = importPublicKey(rsaId("rsa2048_pkcs1.5", cubic));
    const block = pkcs1Block(digestInfo(data));
    expect(verify(key, data, rawRsaSign(cubic, block))).toBe(true);
    const wanted = shortFill(digestInfo(data));
    const forged = cubeRoot(bytesNumber(wanted) | ((1n << 1500n) - 1n));
    const cube = numberBytes(forged ** 3n, 256);
    expect(cube.subarray(0, 62)).toEqual(wanted.subarray(0, 62));
    expect(verify(key, data, numberBytes(forged, 256))).toBe(false);
  });
});

describe.each(backends)("%s rsa2048_pss", (_, { importPublicKey, verify }) => {
  const publicKey = importPublicKey(rsaId("rsa2048_pss", fixture));

  test("[TBP-3.3-02] [TBP-3.3-03] [TBP-3.3-04] accepts a salt of 32 bytes and MGF1 with SHA-256", () => {
    expect(verify(publicKey, data, pss32)).toBe(true);
    expect(verify(publicKey, data, pss({}))).toBe(true);
  });

  test.each(refusedPss)("refuses: %s", (_, signature) => {
    expect(verify(publicKey, data, signature)).toBe(false);
  });

  test("refuses a block with its top bit set", () => {
    // Only blocks below n can be signed; n begins with a set bit too, so one is found soon.
    const block = find(
      () => pssBlock(data, { topBit: true }),
      (block) => bytesNumber(block) < n,
    );
    expect(verify(publicKey, data, raw(block))).toBe(false);
  });

  test("refuses s + n", () => {
    const small = smallSignature((data) => raw(pssBlock(data)));
    expect(verify(publicKey, small.data, small.signature)).toBe(true);
    expect(verify(publicKey, small.data, numberBytes(bytesNumber(small.signature) + n, 256))).toBe(false);
  });
});

/** A PKCS #1 v1.5 block with the least fill, and zeros after the content. */
function shortFill(content: Uint8Array): Uint8Array {
  const start = join(Uint8Array.of(0, 1), new Uint8Array(8).fill(0xff), Uint8Array.of(0), content);
  return join(start, new Uint8Array(256 - start.length));
}

function changed(block: Uint8Array, at: number, byte: number): Uint8Array {
  return block.map((old, i) => (i === at ? byte : old));
}

function find<T>(make: () => T, isWanted: (candidate: T) => boolean): T {
  for (;;) {
    const candidate = make();
    if (isWanted(candidate)) return candidate;
  }
}

/** The largest number whose cube is not above the given one. */
function cubeRoot(number: bigint): bigint {
  let root = 0n;
  for (let bit = 1n << 683n; bit > 0n; bit >>= 1n) {
    if ((root | bit) ** 3n <= number) root |= bit;
  }
  return root;
}
