import type { KeyObject } from "node:crypto";
import type { KeyParameters } from "@tokbind/codec";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { der as writeDer, derInteger, p256Algorithm, rsaAlgorithm, tags } from "../src/der.ts";
import type { Jwk } from "../src/types.ts";
import { backends } from "./backends.ts";
import {
  change,
  der,
  ec,
  ecJwk,
  ecPkcs8,
  ecSpki,
  encryptedPem,
  ed25519,
  expectKeyImport,
  jwk,
  k256,
  otherEc,
  otherRsa,
  p384,
  pem,
  rejectedBy,
  rsa,
  rsa1024,
  rsa3072,
  rsaJwk,
  rsaPkcs8,
  rsaPss,
  without,
  zero,
  type Refused,
} from "./foreign.ts";
import { base64url, bytes, bytesNumber, join, numberBytes } from "./keys.ts";
import { mutate, mutation } from "./mutation.ts";

// SEC 2 section 2.4.2.
const order = bytes("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551");

const refusedPkcs8: Refused<Uint8Array | string> = [
  ["no bytes", new Uint8Array(), "ecdsap256"],
  ["one byte", Uint8Array.of(0x30), "ecdsap256"],
  ["random bytes", new Uint8Array(138).fill(0x41), "ecdsap256"],
  ["EC, cut off", ecPkcs8.subarray(0, 137), "ecdsap256"],
  ["EC, a byte after", join(ecPkcs8, zero), "ecdsap256"],
  ["RSA, a byte after", join(rsaPkcs8, zero), "rsa2048_pss"],
  [
    "the indefinite length of BER",
    join(Uint8Array.of(0x30, 0x80), ecPkcs8.subarray(3), zero, zero),
    "ecdsap256",
  ],
  [
    "the public half of another key",
    join(ecPkcs8.subarray(0, 74), der(otherEc.privateKey, "pkcs8").subarray(74)),
    "ecdsap256",
  ],
  ["a scalar of 0", join(ecPkcs8.subarray(0, 36), new Uint8Array(32), ecPkcs8.subarray(68)), "ecdsap256"],
  [
    "a scalar above n",
    join(ecPkcs8.subarray(0, 36), new Uint8Array(32).fill(255), ecPkcs8.subarray(68)),
    "ecdsap256",
  ],
  ["a scalar of n", join(ecPkcs8.subarray(0, 36), order, ecPkcs8.subarray(68)), "ecdsap256"],
  ["a scalar of n without the public half", ecPkcs8Of(order), "ecdsap256"],
  ["P-384", der(p384.privateKey, "pkcs8"), "ecdsap256"],
  ["secp256k1", der(k256.privateKey, "pkcs8"), "ecdsap256"],
  ["Ed25519", der(ed25519.privateKey, "pkcs8"), "ecdsap256"],
  ["RSA for ecdsap256", rsaPkcs8, "ecdsap256"],
  ["EC for rsa2048_pkcs1.5", ecPkcs8, "rsa2048_pkcs1.5"],
  ["[A-09] RSA of 1024 bits", der(rsa1024.privateKey, "pkcs8"), "rsa2048_pkcs1.5"],
  ["[A-09] RSA of 3072 bits", der(rsa3072.privateKey, "pkcs8"), "rsa2048_pss"],
  ["id-RSASSA-PSS", der(rsaPss.privateKey, "pkcs8"), "rsa2048_pss"],
  ["RSAPrivateKey alone", der(rsa.privateKey, "pkcs1"), "rsa2048_pss"],
  ["ECPrivateKey alone", der(ec.privateKey, "sec1"), "ecdsap256"],
  ["SPKI", ecSpki, "ecdsap256"],
  ["PEM of RSAPrivateKey", pem(rsa.privateKey, "pkcs1"), "rsa2048_pss"],
  ["PEM of ECPrivateKey", pem(ec.privateKey, "sec1"), "ecdsap256"],
  ["PEM with the label of another format", mislabelled(ec.privateKey), "ecdsap256"],
  ["a date that is none where the scalar belongs", change(ecPkcs8, 34, 0x18), "ecdsap256"],
  ["id-ecDH for id-ecPublicKey", change(ecPkcs8, 16, 2), "ecdsap256"],
  ["[2] after the scalar", ecPkcs8Of(ecPkcs8.subarray(36, 68), Uint8Array.of(0xa2, 0)), "ecdsap256"],
  ["P-192 by name", change(ecPkcs8, 26, 1), "ecdsap256"],
  ["a scalar of 0 without the public half", ecPkcs8Of(new Uint8Array(32)), "ecdsap256"],
  ["a scalar of 33 bytes without the public half", ecPkcs8Of(new Uint8Array(33).fill(1)), "ecdsap256"],
  [
    "RSA with a tenth number",
    rsaPkcs8Of(0, ["n", "e", "d", "p", "q", "dp", "dq", "qi", "qi"]),
    "rsa2048_pss",
  ],
  [
    "bytes after the RSAPrivateKey inside",
    rsaPkcs8Of(0, ["n", "e", "d", "p", "q", "dp", "dq", "qi"], Uint8Array.of(5, 0)),
    "rsa2048_pss",
  ],
  ["RSA with seven numbers", rsaPkcs8Of(0, ["n", "e", "d", "p", "q", "dp"]), "rsa2048_pss"],
  [
    "RSA of version 1 (more than two primes)",
    rsaPkcs8Of(1, ["n", "e", "d", "p", "q", "dp", "dq", "qi"]),
    "rsa2048_pss",
  ],
  ["PEM of an encrypted key", encryptedPem(), "ecdsap256"],
];

const other = jwk(otherRsa.privateKey);
const refusedPrivateJwk: Refused<Jwk> = [
  ["a public EC key", without(ecJwk, "d"), "ecdsap256"],
  ["d of another EC key", { ...ecJwk, d: jwk(otherEc.privateKey).d! }, "ecdsap256"],
  ["d = 0", { ...ecJwk, d: Buffer.alloc(32).toString("base64url") }, "ecdsap256"],
  ["d above n", { ...ecJwk, d: Buffer.alloc(32, 255).toString("base64url") }, "ecdsap256"],
  ["d = n", { ...ecJwk, d: base64url(order) }, "ecdsap256"],
  ["d of 31 bytes", { ...ecJwk, d: Buffer.alloc(31, 1).toString("base64url") }, "ecdsap256"],
  ["a d that is not base64url", { ...ecJwk, d: `*${ecJwk.d!}` }, "ecdsap256"],
  ["a public RSA key", jwk(rsa.publicKey), "rsa2048_pss"],
  ...(["p", "q", "dp", "dq", "qi"] as const).map(
    (name) => [`RSA without ${name}`, without(rsaJwk, name), "rsa2048_pss"] as const,
  ),
  ...(["n", "e", "d", "p", "q", "dp", "dq", "qi"] as const).map(
    (name) =>
      [
        `RSA with the ${name} of another key`,
        { ...rsaJwk, [name]: name === "e" ? "Aw" : other[name]! },
        "rsa2048_pss",
      ] as const,
  ),
  ["p = n and q = 1", prime("q"), "rsa2048_pss"],
  ["p = 1 and q = n", prime("p"), "rsa2048_pss"],
  ["d that is right modulo p - 1 only", withD(number("d") + number("p") - 1n), "rsa2048_pss"],
  ["d that is right modulo q - 1 only", withD(number("d") + number("q") - 1n), "rsa2048_pss"],
  ["d above n", withD(number("d") + 4n * (number("p") - 1n) * (number("q") - 1n)), "rsa2048_pss"],
  ["qi above p", { ...rsaJwk, qi: member(number("qi") + number("p")) }, "rsa2048_pss"],
];

describe.each(backends)("%s", (_, backend) => {
  test.each(refusedPkcs8)("importPkcs8 refuses: %s", async (_, pkcs8, keyParameters) => {
    expectKeyImport(await rejectedBy(backend.importPkcs8(pkcs8, keyParameters)));
  });

  test.each(refusedPrivateJwk)("importPrivateJwk refuses: %s", async (_, jwk, keyParameters) => {
    expectKeyImport(await rejectedBy(backend.importPrivateJwk(jwk, keyParameters)));
  });

  test.each([
    ["ecdsap256", ecPkcs8],
    ["rsa2048_pss", rsaPkcs8],
  ] as const)("a mutant of PKCS #8 is refused or is the same key: %s", async (keyParameters, pkcs8) => {
    const { id } = await backend.importPkcs8(pkcs8, keyParameters);
    const refusedOrSame = async (mutant: Uint8Array): Promise<void> => {
      const outcome = await backend.importPkcs8(mutant, keyParameters).then(
        (key) => Buffer.from(key.id.bytes).equals(id.bytes),
        (error: unknown) => (error as { code: unknown }).code,
      );
      expect([true, "key_import"]).toContain(outcome);
    };
    await fc.assert(
      fc.asyncProperty(mutation, (change) => refusedOrSame(mutate(pkcs8, change))),
      { numRuns: 300 },
    );
    // Tags and lengths: up to the scalar of the EC key, and as far into the RSA key.
    for (let at = 0; at < 36; at++) {
      for (let byte = 0; byte < 256; byte++) await refusedOrSame(change(pkcs8, at, byte));
    }
  });

  test("unknown key parameters are an error of the caller", async () => {
    const unknown = "rsa4096" as KeyParameters;
    const expected = { code: "invalid_argument" };
    await expect(backend.importPkcs8(ecPkcs8, unknown)).rejects.toMatchObject(expected);
    await expect(backend.importPrivateJwk(ecJwk, unknown)).rejects.toMatchObject(expected);
  });
});

function number(name: "n" | "e" | "d" | "p" | "q" | "qi"): bigint {
  return bytesNumber(bytes(rsaJwk[name]!, "base64url"));
}

function member(value: bigint): string {
  return base64url(numberBytes(value));
}

/** The RSA key with another d, and with the dp and dq that follow from it. */
function withD(d: bigint): Jwk {
  const [dp, dq] = [d % (number("p") - 1n), d % (number("q") - 1n)];
  return { ...rsaJwk, d: member(d), dp: member(dp), dq: member(dq) };
}

/** An RSA key with 1 for one of its primes, and all else as it would follow if the modulus were prime. */
function prime(one: "p" | "q"): Jwk {
  const n = number("n");
  const d = inverse(65537n, n - 1n);
  const whole = { n: rsaJwk.n!, d: member(d) };
  const [p, q, dp, dq] = one === "q" ? [n, 1n, d, 0n] : [1n, n, 0n, d];
  return { ...rsaJwk, ...whole, p: member(p), q: member(q), dp: member(dp), dq: member(dq), qi: "AQ" };
}

/** The inverse of a prime modulo another number, by trial; 1 when there is none. */
function inverse(of: bigint, modulo: bigint): bigint {
  for (let k = 1n; k <= of; k++) {
    if ((k * modulo + 1n) % of === 0n) return (k * modulo + 1n) / of;
  }
  return 1n;
}

/** A PrivateKeyInfo as it should be, under the label of RFC 5915. */
function mislabelled(key: KeyObject): string {
  return pem(key, "pkcs8").replaceAll("PRIVATE KEY", "EC PRIVATE KEY");
}

/** An EC key without its public half, or with other things after the scalar. */
function ecPkcs8Of(scalar: Uint8Array, ...after: readonly Uint8Array[]): Uint8Array {
  const octets = writeDer(tags.octetString, scalar);
  const key = writeDer(tags.sequence, derInteger(Uint8Array.of(1)), octets, ...after);
  return writeDer(tags.sequence, derInteger(zero), p256Algorithm, writeDer(tags.octetString, key));
}

function rsaPkcs8Of(version: number, names: readonly (keyof Jwk)[], after = new Uint8Array()): Uint8Array {
  const numbers = names.map((name) => derInteger(bytes(rsaJwk[name]!, "base64url")));
  const key = writeDer(tags.sequence, derInteger(Uint8Array.of(version)), ...numbers);
  return writeDer(tags.sequence, derInteger(zero), rsaAlgorithm, writeDer(tags.octetString, key, after));
}
