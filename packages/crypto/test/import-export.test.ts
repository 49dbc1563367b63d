import { createPrivateKey, createPublicKey, type KeyObject, randomBytes } from "node:crypto";
import { type KeyParameters, keyParametersCodes } from "@tokbind/codec";
import { beforeAll, describe, expect, test } from "vitest";
import type { TokenBindingKey } from "../src/types.ts";
import { backends } from "./backends.ts";
import { allKeyParameters, base64url, ecKeyPair, join, rsaFixture, rsaId } from "./keys.ts";

const data = new Uint8Array(randomBytes(34));
const rsa = rsaFixture();

/** A key that neither backend made, so that formats are checked against node:crypto alone. */
function foreignKey(keyParameters: KeyParameters): KeyObject {
  if (keyParameters !== "ecdsap256") return rsa.privateKey;
  return ecKeyObject(ecKeyPair());
}

function ecKeyObject({ point, scalar }: ReturnType<typeof ecKeyPair>): KeyObject {
  const key = {
    kty: "EC",
    crv: "P-256",
    x: base64url(point.subarray(0, 32)),
    y: base64url(point.subarray(32)),
    d: base64url(scalar),
  };
  return createPrivateKey({ key, format: "jwk" });
}

const der = (key: KeyObject, type: "pkcs8" | "spki") => new Uint8Array(key.export({ format: "der", type }));
const pem = (key: KeyObject, type: "pkcs8" | "spki") => key.export({ format: "pem", type }) as string;

describe.each(backends)("%s", (_, backend) => {
  describe.each(allKeyParameters)("%s", (keyParameters) => {
    const foreign = foreignKey(keyParameters);
    const foreignPublic = createPublicKey(foreign);
    const alg = { "rsa2048_pkcs1.5": "RS256", rsa2048_pss: "PS256", ecdsap256: "ES256" }[keyParameters];
    let key: TokenBindingKey;
    beforeAll(async () => {
      key = await backend.importPkcs8(der(foreign, "pkcs8"), keyParameters, { extractable: true });
    });

    const signsAs = async (other: TokenBindingKey) => {
      expect(other.id.bytes).toEqual(key.id.bytes);
      expect(other.keyParameters).toBe(keyParameters);
      const signature = await backend.sign(other, data);
      expect(backend.verify(backend.importPublicKey(key.id), data, signature)).toBe(true);
    };

    test("the ID of an imported key has its code", () => {
      expect(key.id.keyParameters).toBe(keyParametersCodes[keyParameters]);
    });

    test("SPKI: out as node:crypto writes it, and in again, as DER and as PEM", () => {
      const spki = backend.exportSpki(key.id);
      expect(spki).toEqual(der(foreignPublic, "spki"));
      expect(backend.importSpki(spki, keyParameters).bytes).toEqual(key.id.bytes);
      expect(backend.encodePem("PUBLIC KEY", spki)).toBe(pem(foreignPublic, "spki"));
      expect(backend.importSpki(pem(foreignPublic, "spki"), keyParameters)).toEqual(key.id);
    });

    test("PKCS #8: out as node:crypto writes it, and in again, as DER and as PEM", async () => {
      const pkcs8 = await backend.exportPkcs8(key);
      expect(pkcs8).toEqual(der(foreign, "pkcs8"));
      await signsAs(await backend.importPkcs8(pkcs8, keyParameters));
      expect(backend.encodePem("PRIVATE KEY", pkcs8)).toBe(pem(foreign, "pkcs8"));
      await signsAs(await backend.importPkcs8(pem(foreign, "pkcs8"), keyParameters));
    });

    test("public JWK: out as node:crypto writes it, and in again", () => {
      const jwk = backend.exportPublicJwk(key.id);
      expect(jwk).toEqual({ ...foreignPublic.export({ format: "jwk" }), alg });
      expect(backend.importPublicJwk(jwk)).toEqual(key.id);
      expect(backend.importPublicJwk({ ...jwk, alg: undefined! }, keyParameters)).toEqual(key.id);
    });

    test("private JWK: out as node:crypto writes it, and in again", async () => {
      const jwk = await backend.exportPrivateJwk(key);
      expect(jwk).toEqual({ ...foreign.export({ format: "jwk" }), alg });
      await signsAs(await backend.importPrivateJwk(jwk));
      await signsAs(await backend.importPrivateJwk(foreign.export({ format: "jwk" }), keyParameters));
      expect(backend.importPublicJwk(jwk)).toEqual(key.id);
    });

    test("[TBP-4.1-03] an imported key is not extractable unless it was asked for", async () => {
      const closed = await backend.importPkcs8(der(foreign, "pkcs8"), keyParameters);
      await expect(backend.exportPkcs8(closed)).rejects.toMatchObject({ code: "invalid_argument" });
    });

    test("a generated key that is extractable comes back the same", async () => {
      const made = await backend.generateKey(keyParameters, { extractable: true });
      const again = await backend.importPkcs8(await backend.exportPkcs8(made), keyParameters);
      expect(again.id).toEqual(made.id);
      expect(await backend.exportPrivateJwk(made)).toMatchObject(backend.exportPublicJwk(made.id));
    });

    test("a foreign key signs as RFC 8471 says with whatever backend verifies", async () => {
      const signature = await backend.sign(key, data);
      for (const [, { importPublicKey, verify }] of backends) {
        expect(verify(importPublicKey(key.id), data, signature)).toBe(true);
      }
    });
  });

  test.each([
    ["X", 0],
    ["Y", 32],
  ])("[TBP-3.2-03] a key whose %s begins with 00 keeps that byte in every format", async (_, at) => {
    const foreign = ecKeyObject(ecKeyPair((point) => point[at] === 0));
    const key = await backend.importPkcs8(der(foreign, "pkcs8"), "ecdsap256", { extractable: true });
    expect(key.id.bytes).toHaveLength(68);
    expect(key.id.bytes[4 + at]).toBe(0);
    expect(backend.importSpki(backend.exportSpki(key.id), "ecdsap256")).toEqual(key.id);
    expect(backend.importPublicJwk(backend.exportPublicJwk(key.id))).toEqual(key.id);
    expect(await backend.exportPkcs8(key)).toEqual(der(foreign, "pkcs8"));
  });

  test("a private scalar that begins with 00 keeps that byte in every format", async () => {
    let pair = ecKeyPair();
    while (pair.scalar[0] !== 0) pair = ecKeyPair();
    const foreign = ecKeyObject(pair);
    const key = await backend.importPkcs8(der(foreign, "pkcs8"), "ecdsap256", { extractable: true });
    expect(await backend.exportPkcs8(key)).toEqual(der(foreign, "pkcs8"));
    expect((await backend.exportPrivateJwk(key)).d).toBe(base64url(pair.scalar));
  });

  test("one RSA key serves both schemes, under two IDs", async () => {
    const pss = await backend.importPkcs8(der(rsa.privateKey, "pkcs8"), "rsa2048_pss");
    const pkcs1 = await backend.importPkcs8(der(rsa.privateKey, "pkcs8"), "rsa2048_pkcs1.5");
    expect(pss.id.bytes.subarray(1)).toEqual(pkcs1.id.bytes.subarray(1));
    const signature = await backend.sign(pss, data);
    expect(backend.verify(backend.importPublicKey(pss.id), data, signature)).toBe(true);
    expect(backend.verify(backend.importPublicKey(pkcs1.id), data, signature)).toBe(false);
  });

  test("exponent 3 has a SPKI of another length", () => {
    const { publicKey } = rsaFixture(2048, 3);
    const id = backend.importSpki(der(publicKey, "spki"), "rsa2048_pss");
    expect(backend.exportSpki(id)).toEqual(der(publicKey, "spki"));
  });

  test("a modulus that begins with 80 has a zero before it in SPKI", () => {
    const modulus = join(Uint8Array.of(0x80), new Uint8Array(254).fill(1), Uint8Array.of(1));
    const spki = backend.exportSpki(
      rsaId("rsa2048_pss", { modulus, publicExponent: Uint8Array.of(1, 0, 1) }),
    );
    expect(spki).toHaveLength(294);
    const { n } = createPublicKey({ key: Buffer.from(spki), format: "der", type: "spki" }).export({
      format: "jwk",
    });
    expect(n).toBe(base64url(modulus));
  });

  test("a PKCS #8 EC key with a compressed public half is completed", async () => {
    const pair = ecKeyPair();
    const whole = der(ecKeyObject(pair), "pkcs8");
    const compressed = join(Uint8Array.of(2 + (pair.point[63]! & 1)), pair.point.subarray(0, 32));
    const shorter = join(
      Uint8Array.of(0x30, 103),
      whole.subarray(3, 27),
      Uint8Array.of(0x04, 77, 0x30, 75),
      whole.subarray(31, 68),
      Uint8Array.of(0xa1, 36, 0x03, 34, 0),
      compressed,
    );
    const key = await backend.importPkcs8(shorter, "ecdsap256");
    expect(key.id.bytes.subarray(4)).toEqual(pair.point);
  });

  // Bouncy Castle repeats the curve inside, as [0].
  test("a PKCS #8 EC key that names its curve twice is read", async () => {
    const pair = ecKeyPair();
    const whole = der(ecKeyObject(pair), "pkcs8");
    const longer = join(
      Uint8Array.of(0x30, 0x81, 147),
      whole.subarray(3, 27),
      Uint8Array.of(0x04, 121, 0x30, 119),
      whole.subarray(31, 68),
      Uint8Array.of(0xa0, 10),
      whole.subarray(17, 27),
      whole.subarray(68),
    );
    const key = await backend.importPkcs8(longer, "ecdsap256");
    expect(key.id.bytes.subarray(4)).toEqual(pair.point);
  });

  test("a PKCS #8 EC scalar written without its leading zero is completed", async () => {
    let pair = ecKeyPair();
    while (pair.scalar[0] !== 0) pair = ecKeyPair();
    const whole = der(ecKeyObject(pair), "pkcs8");
    const shorter = join(
      Uint8Array.of(0x30, 64),
      whole.subarray(3, 27),
      Uint8Array.of(0x04, 38, 0x30, 36),
      whole.subarray(31, 34),
      Uint8Array.of(0x04, 31),
      whole.subarray(37, 68),
    );
    const key = await backend.importPkcs8(shorter, "ecdsap256");
    expect(key.id.bytes.subarray(4)).toEqual(pair.point);
  });

  test("a PKCS #8 EC key without its public half is completed", async () => {
    const pair = ecKeyPair();
    const whole = der(ecKeyObject(pair), "pkcs8");
    // The same with shorter lengths, up to the end of the scalar (RFC 5915 section 3: publicKey is optional).
    const bare = join(
      Uint8Array.of(0x30, 65),
      whole.subarray(3, 27),
      Uint8Array.of(0x04, 39, 0x30, 37),
      whole.subarray(31, 68),
    );
    const key = await backend.importPkcs8(bare, "ecdsap256");
    expect(key.id.bytes.subarray(4)).toEqual(pair.point);
  });
});
