import type { KeyParameters } from "@tokbind/codec";
import { describe, expect, test } from "vitest";
import type { Jwk } from "../src/types.ts";
import { backends } from "./backends.ts";
import {
  change,
  der,
  ec,
  encryptedPem,
  ecJwk,
  ecSpki,
  ed25519,
  expectKeyImport,
  jwk,
  k256,
  otherEc,
  p384,
  pem,
  rejectedBy,
  rsa,
  rsa1024,
  rsa3072,
  rsaJwk,
  rsaPss,
  rsaSpki,
  thrownBy,
  without,
  zero,
  type Refused,
} from "./foreign.ts";
import { base64url, bytes, join } from "./keys.ts";

const compressedSpki = join(
  Uint8Array.of(0x30, 0x39),
  ecSpki.subarray(2, 23),
  Uint8Array.of(0x03, 0x22, 0x00, 0x02),
  ecSpki.subarray(27, 59),
);

const refusedSpki: Refused<Uint8Array | string> = [
  ["no bytes", new Uint8Array(), "ecdsap256"],
  ["no bytes for RSA", new Uint8Array(), "rsa2048_pss"],
  ["an empty text", "", "ecdsap256"],
  ["EC, cut off", ecSpki.subarray(0, 90), "ecdsap256"],
  ["EC, a byte after", join(ecSpki, zero), "ecdsap256"],
  ["RSA, cut off", rsaSpki.subarray(0, 293), "rsa2048_pss"],
  ["RSA, a byte after", join(rsaSpki, zero), "rsa2048_pss"],
  ["a compressed point", compressedSpki, "ecdsap256"],
  ["[TBP-3.2-05] a point off the curve", change(ecSpki, 90, ecSpki[90]! ^ 1), "ecdsap256"],
  ["P-384", der(p384.publicKey, "spki"), "ecdsap256"],
  ["secp256k1", der(k256.publicKey, "spki"), "ecdsap256"],
  ["Ed25519", der(ed25519.publicKey, "spki"), "ecdsap256"],
  ["RSA for ecdsap256", rsaSpki, "ecdsap256"],
  ["EC for rsa2048_pss", ecSpki, "rsa2048_pss"],
  ["[A-09] RSA of 1024 bits", der(rsa1024.publicKey, "spki"), "rsa2048_pss"],
  ["[A-09] RSA of 3072 bits", der(rsa3072.publicKey, "spki"), "rsa2048_pss"],
  ["[A-09] exponent 1", exponentSpki(Uint8Array.of(1)), "rsa2048_pss"],
  ["[A-09] exponent with a leading zero", exponentSpki(Uint8Array.of(0, 1, 0, 1)), "rsa2048_pss"],
  ["id-RSASSA-PSS", der(rsaPss.publicKey, "spki"), "rsa2048_pss"],
  ["RSAPublicKey alone", der(rsa.publicKey, "pkcs1"), "rsa2048_pss"],
  ["PEM of RSAPublicKey", pem(rsa.publicKey, "pkcs1"), "rsa2048_pss"],
  ["PEM of a private key", pem(ec.privateKey, "pkcs8"), "ecdsap256"],
  ["PEM that never ends", `-----BEGIN PUBLIC KEY-----${" ".repeat(400_000)}`, "ecdsap256"],
  ["two PEM blocks", pem(ec.publicKey, "spki").repeat(2), "ecdsap256"],
  ["PEM with base64 of a length that cannot be", pem(ec.publicKey, "spki").replace("M", ""), "ecdsap256"],
  ["PEM with other base64", pem(ec.publicKey, "spki").replace("M", "*"), "ecdsap256"],
];

const refusedPublicJwk: Refused<Jwk> = [
  ["null", JSON.parse("null") as Jwk, "ecdsap256"],
  ["no members", {}, "ecdsap256"],
  ["another kty", { ...ecJwk, kty: "OKP" }, "ecdsap256"],
  ["RSA for ecdsap256", rsaJwk, "ecdsap256"],
  ["EC for rsa2048_pss", ecJwk, "rsa2048_pss"],
  ["P-384", jwk(p384.publicKey), "ecdsap256"],
  ["the name of another curve", { ...ecJwk, crv: "secp256k1" }, "ecdsap256"],
  ["an alg that does not fit", { ...rsaJwk, alg: "RS256" }, "rsa2048_pss"],
  ["an alg of encryption", { ...rsaJwk, alg: "RSA-OAEP" }, "rsa2048_pss"],
  ["no x", without(ecJwk, "x"), "ecdsap256"],
  ["an x that is no string", { ...ecJwk, x: 5 as unknown as string }, "ecdsap256"],
  ["an x of 31 bytes", { ...ecJwk, x: Buffer.alloc(31, 1).toString("base64url") }, "ecdsap256"],
  ["an x of 33 bytes", { ...ecJwk, x: Buffer.alloc(33, 1).toString("base64url") }, "ecdsap256"],
  ["a point split between other bytes", pointSplitAt(31), "ecdsap256"],
  ["padded base64", { ...ecJwk, x: `${ecJwk.x!}=` }, "ecdsap256"],
  ["[TBP-3.2-05] x and y of two points", { ...ecJwk, y: jwk(otherEc.publicKey).y! }, "ecdsap256"],
  ["an empty n", { ...rsaJwk, n: "" }, "rsa2048_pss"],
  ["n of 70000 bytes", { ...rsaJwk, n: "A".repeat(93332) }, "rsa2048_pss"],
  ["e of 300 bytes", { ...rsaJwk, e: "A".repeat(400) }, "rsa2048_pss"],
  ["[TBP-3.2-02] n with a leading zero", { ...rsaJwk, n: withLeadingZero(rsaJwk.n!) }, "rsa2048_pss"],
  ["[A-09] e = 1", { ...rsaJwk, e: "AQ" }, "rsa2048_pss"],
  ["[A-09] RSA of 1024 bits", jwk(rsa1024.publicKey), "rsa2048_pss"],
];

describe.each(backends)("%s", (_, backend) => {
  test.each(refusedSpki)("importSpki refuses: %s", (_, spki, keyParameters) => {
    expectKeyImport(thrownBy(() => backend.importSpki(spki, keyParameters)));
  });

  test.each(refusedPublicJwk)("importPublicJwk refuses: %s", (_, jwk, keyParameters) => {
    expectKeyImport(thrownBy(() => backend.importPublicJwk(jwk, keyParameters)));
  });

  test.each(refusedPublicJwk)("importPrivateJwk refuses: %s", async (_, jwk, keyParameters) => {
    expectKeyImport(await rejectedBy(backend.importPrivateJwk(jwk, keyParameters)));
  });

  test("a JWK without alg says to name the key parameters", async () => {
    const expected = /ES256, RS256 or PS256, got none; or name/;
    expect(() => backend.importPublicJwk(rsaJwk)).toThrow(expected);
    expectKeyImport(thrownBy(() => backend.importPublicJwk(rsaJwk)));
    await expect(backend.importPrivateJwk(rsaJwk)).rejects.toThrow(expected);
  });

  test("what came in place of a key is named, with the way to convert it", async () => {
    const ecPem = pem(ec.privateKey, "pkcs8");
    expect(() => backend.importSpki(ecPem, "ecdsap256")).toThrow(
      'PEM: expected one block "PUBLIC KEY", got "PRIVATE KEY"; convert other kinds with openssl pkey -pubin -pubout',
    );
    await expect(backend.importPkcs8(encryptedPem(), "ecdsap256")).rejects.toThrow(
      'block "PRIVATE KEY", got "ENCRYPTED PRIVATE KEY"; convert',
    );
    expect(() => backend.importSpki("no PEM", "ecdsap256")).toThrow('block "PUBLIC KEY", got none; convert');
    await expect(backend.importPkcs8(pem(rsa.privateKey, "pkcs1"), "rsa2048_pss")).rejects.toThrow(
      'block "PRIVATE KEY", got "RSA PRIVATE KEY"; convert other kinds with openssl pkcs8 -topk8 -nocrypt',
    );
    expect(() => backend.importSpki(`----${pem(ec.publicKey, "spki")}`, "ecdsap256")).toThrow("got none");
    expect(() => backend.importSpki(pem(ec.publicKey, "spki").replace("M", ""), "ecdsap256")).toThrow(
      'PEM: expected base64 within "PUBLIC KEY"',
    );
    expect(() => backend.importSpki(rsaSpki, "ecdsap256")).toThrow(
      "expected DER of id-ecPublicKey with secp256r1 and an uncompressed point (91 bytes), got 294 other bytes",
    );
    expect(() => backend.importSpki(ecSpki, "rsa2048_pss")).toThrow(
      "expected DER of rsaEncryption with 2048 bits (294 bytes with a 3-byte exponent), not id-RSASSA-PSS, got 91",
    );
    await expect(backend.importPkcs8(ecSpki, "ecdsap256")).rejects.toThrow(
      "got 91 other bytes; convert with",
    );
    expect(() => backend.importPublicJwk({ ...ecJwk, kty: "OKP" }, "ecdsap256")).toThrow(
      'JWK: expected "kty" to be "EC" for ecdsap256, got "OKP"',
    );
  });

  test("unknown key parameters are an error of the caller", () => {
    const unknown = "rsa4096" as KeyParameters;
    expect(() => backend.importSpki(ecSpki, unknown)).toThrow(/^key parameters: expected /);
    expect(() => backend.importPublicJwk(ecJwk, unknown)).toThrow(/^key parameters: expected /);
  });

  test("an ID with an invalid key is not exported", () => {
    const id = backend.importPublicJwk(ecJwk, "ecdsap256");
    const broken = { ...id, publicKey: { kind: "ec", point: new Uint8Array(64) } } as const;
    expect(thrownBy(() => backend.exportSpki(broken))).toMatchObject({ code: "key_invalid" });
    expect(thrownBy(() => backend.exportPublicJwk(broken))).toMatchObject({ code: "key_invalid" });
  });
});

/** The right 64 bytes, but not 32 of them in each member. */
function pointSplitAt(at: number): Jwk {
  const point = join(bytes(ecJwk.x!, "base64url"), bytes(ecJwk.y!, "base64url"));
  return { ...ecJwk, x: base64url(point.subarray(0, at)), y: base64url(point.subarray(at)) };
}

/** The SPKI of the RSA key with these bytes as content of the exponent. */
function exponentSpki(exponent: Uint8Array): Uint8Array {
  const shorter = 3 - exponent.length;
  const spki = join(rsaSpki.subarray(0, 289), Uint8Array.of(2, exponent.length), exponent);
  // The lengths of the outer SEQUENCE, the BIT STRING and the inner SEQUENCE, low bytes.
  for (const at of [3, 22, 27]) spki[at]! -= shorter;
  return spki;
}

function withLeadingZero(member: string): string {
  return base64url(join(zero, bytes(member, "base64url")));
}
