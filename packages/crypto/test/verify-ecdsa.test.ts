import { createECDH, createHash, createPrivateKey, type KeyObject, sign as nodeSign } from "node:crypto";
import { decodeBase64url, decodeTokenBindingID, signedData } from "@tokbind/codec";
import { describe, expect, test } from "vitest";
import { backends } from "./backends.ts";
import { base64url, bytes, bytesNumber, ecId, ecKeyPair, join, numberBytes } from "./keys.ts";

const n = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
const { scalar, point } = ecKeyPair();
const privateKey: KeyObject = createPrivateKey({
  key: {
    kty: "EC",
    crv: "P-256",
    x: base64url(point.subarray(0, 32)),
    y: base64url(point.subarray(32)),
    d: base64url(scalar),
  },
  format: "jwk",
});
const data = signedData(0, 2, new Uint8Array(32).fill(7));
const signWith = (dsaEncoding: "ieee-p1363" | "der", hash = "sha256") =>
  new Uint8Array(nodeSign(hash, data, { key: privateKey, dsaEncoding }));

const signature = signWith("ieee-p1363");
const r = signature.subarray(0, 32);
const s = signature.subarray(32);
const highS = numberBytes(bytesNumber(s) > n / 2n ? bytesNumber(s) : n - bytesNumber(s), 32);
const lowS = numberBytes(n - bytesNumber(highS), 32);
const max = new Uint8Array(32).fill(0xff);
const zero = new Uint8Array(32);

/** A signature made until R or S begins with this byte. */
function signatureWith(at: 0 | 32, byte: number): Uint8Array {
  for (;;) {
    const candidate = signWith("ieee-p1363");
    if (candidate[at] === byte) return candidate;
  }
}

/** DER of 64 bytes cannot come from P-256 by chance, so it is put together: 64 bytes that parse as DER. */
function derOf64Bytes(): Uint8Array {
  const half = (fill: number) => join(Uint8Array.of(2, 29), new Uint8Array(29).fill(fill));
  return join(Uint8Array.of(0x30, 62), half(1), half(2));
}

const accepted: readonly (readonly [name: string, signature: Uint8Array])[] = [
  ["[TBP-3.3-05] R then S", signature],
  ["[TBP-3.3-11] low S", join(r, lowS)],
  ["[TBP-3.3-11] high S", join(r, highS)],
  ["[TBP-3.3-05] R that begins with 00", signatureWith(0, 0)],
  ["[TBP-3.3-05] S that begins with 00", signatureWith(32, 0)],
  // In DER, these would be negative without a zero before.
  ["[TBP-3.3-05] R that begins with 80", signatureWith(0, 0x80)],
  ["[TBP-3.3-05] S that begins with 80", signatureWith(32, 0x80)],
];

const refused: readonly (readonly [name: string, signature: Uint8Array])[] = [
  ["[TBP-3.3-05] DER", signWith("der")],
  ["[TBP-3.3-05] 64 bytes that are DER", derOf64Bytes()],
  ["S then R", join(s, r)],
  ["R = 0", join(zero, s)],
  ["S = 0", join(r, zero)],
  ["R = S = 0", new Uint8Array(64)],
  ["R = n", join(numberBytes(n, 32), s)],
  ["S = n", join(r, numberBytes(n, 32))],
  ["R = n + 1", join(numberBytes(n + 1n, 32), s)],
  ["S = n + 1", join(r, numberBytes(n + 1n, 32))],
  ["R = n - 1", join(numberBytes(n - 1n, 32), s)],
  ["S = n - 1", join(r, numberBytes(n - 1n, 32))],
  ["R = 2^256-1", join(max, s)],
  ["S = 2^256-1", join(r, max)],
  ["R = S = n", join(numberBytes(n, 32), numberBytes(n, 32))],
  ["R = S = 1", join(numberBytes(1n, 32), numberBytes(1n, 32))],
  ["no bytes", new Uint8Array()],
  ["63 bytes", signature.subarray(0, 63)],
  ["65 bytes, a 0 after", join(signature, Uint8Array.of(0))],
  ["65 bytes, a 0 before", join(Uint8Array.of(0), signature)],
  ["128 bytes, the signature twice", join(signature, signature)],
  ["66 bytes, each half with a 0 before", join(Uint8Array.of(0), r, Uint8Array.of(0), s)],
  ["the hash is SHA-384", signWith("ieee-p1363", "sha384")],
  ["[TBP-3.3-06] hashed twice", signDigest()],
];

function signDigest(): Uint8Array {
  const digest = createHash("sha256").update(data).digest();
  return new Uint8Array(nodeSign("sha256", digest, { key: privateKey, dsaEncoding: "ieee-p1363" }));
}

/** The inverse modulo n, which is prime. */
function inverse(number: bigint): bigint {
  let result = 1n;
  for (let exponent = n - 2n, power = number % n; exponent > 0n; exponent >>= 1n) {
    if (exponent & 1n) result = (result * power) % n;
    power = (power * power) % n;
  }
  return result;
}

function pointOf(scalar: bigint): Uint8Array {
  const ecdh = createECDH("prime256v1");
  ecdh.setPrivateKey(numberBytes(scalar, 32));
  return new Uint8Array(ecdh.getPublicKey().subarray(1));
}

describe.each(backends)("%s ecdsap256", (_, { importPublicKey, verify }) => {
  const publicKey = importPublicKey(ecId(point));

  test.each(accepted)("accepts: %s", (_, signature) => {
    expect(verify(publicKey, data, signature)).toBe(true);
  });

  test.each(refused)("refuses: %s", (_, signature) => {
    expect(verify(publicKey, data, signature)).toBe(false);
  });

  test("refuses the signature of another key", () => {
    expect(verify(importPublicKey(ecId(ecKeyPair().point)), data, signature)).toBe(false);
  });

  // Such a small S does not come by chance, so the private key is solved for: k = 1 and s = hash + r * d.
  test("refuses S + n where S is so small that both fit in 32 bytes", () => {
    const hash = bytesNumber(new Uint8Array(createHash("sha256").update(data).digest()));
    const generatorX = 0x6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296n;
    const smallS = 5n;
    const d = (((smallS - hash) % n) + n) * inverse(generatorX);
    const key = importPublicKey(ecId(pointOf(d % n)));
    const r = numberBytes(generatorX, 32);
    expect(verify(key, data, join(r, numberBytes(smallS, 32)))).toBe(true);
    expect(verify(key, data, join(r, numberBytes(smallS + n, 32)))).toBe(false);
  });

  test("the worked example of the TTRP draft, section 2.4.1", () => {
    const id = decodeTokenBindingID(
      decodeBase64url(
        "AgBBQKzyIrmcY_YCtHVoSHBut69vrGfFdy1_YKTZfFJv6BjrZsKD9b9FRzSBxDs1twTqnAS71M1RBumuihhI9xqxXKk",
      ),
    );
    const ekm = bytes("0185546b23d33fd46610b3691a3165e98926d82531ee950cc5edf9c9bd757605");
    const signature = bytes(
      "4b717b88de50953459ecf19505d6552045787c4531d5d10481ff2ca39202e48c" +
        "389d17130d50f03136e3caa43a244acf0dca752358ba46043e63b6d5b422dd86",
    );
    const publicKey = importPublicKey(id);
    expect(verify(publicKey, signedData(0, 2, ekm), signature)).toBe(true);
    expect(verify(publicKey, signedData(1, 2, ekm), signature)).toBe(false);
    expect(verify(publicKey, ekm, signature)).toBe(false);
  });
});
