import { randomBytes, webcrypto } from "node:crypto";
import { afterEach, describe, expect, test, vi } from "vitest";
import type { WebCryptoKeyPair } from "../src/index.ts";
import { backends } from "./backends.ts";

const { subtle } = webcrypto;
const data = new Uint8Array(randomBytes(34));
const rsa = { modulusLength: 2048, publicExponent: Uint8Array.of(1, 0, 1), hash: "SHA-256" };
const generate = (algorithm: object, extractable = false) =>
  subtle.generateKey(algorithm as webcrypto.EcKeyGenParams, extractable, ["sign", "verify"]);

afterEach(() => {
  vi.unstubAllGlobals();
});

describe.each(backends)("%s", (_, backend) => {
  test.each([
    ["ecdsap256", { name: "ECDSA", namedCurve: "P-256" }],
    ["rsa2048_pkcs1.5", { name: "RSASSA-PKCS1-v1_5", ...rsa }],
    ["rsa2048_pss", { name: "RSA-PSS", ...rsa }],
  ])("a %s key that nobody can export signs [TBP-4.1-03]", async (keyParameters, algorithm) => {
    const pair = await generate(algorithm);
    expect(pair.privateKey.extractable).toBe(false);
    const key = await backend.importCryptoKeyPair(pair);
    expect(key.keyParameters).toBe(keyParameters);
    expect(backend.verify(backend.importPublicKey(key.id), data, await key.sign(data))).toBe(true);
    expect(await backend.sign(key, data)).toHaveLength(keyParameters === "ecdsap256" ? 64 : 256);
    await expect(backend.exportPrivateJwk(key)).rejects.toMatchObject({ code: "invalid_argument" });
  });

  const refused: [string, () => Promise<unknown>][] = [
    ["nothing", () => Promise.resolve(undefined)],
    [
      "half a pair",
      async () => ({ publicKey: (await generate({ name: "ECDSA", namedCurve: "P-256" })).publicKey }),
    ],
    ["text", () => Promise.resolve("x")],
    ["a pair of objects", () => Promise.resolve({ publicKey: {}, privateKey: {} })],
    ["another curve", () => generate({ name: "ECDSA", namedCurve: "P-384" })],
    ["another hash", () => generate({ name: "RSA-PSS", ...rsa, hash: "SHA-512" })],
    ["another size", () => generate({ name: "RSA-PSS", ...rsa, modulusLength: 3072 })],
    ["another algorithm", () => generate({ name: "Ed25519" })],
    [
      "halves of two algorithms",
      async () => {
        const [pss, pkcs1] = [
          await generate({ name: "RSA-PSS", ...rsa }),
          await generate({ name: "RSASSA-PKCS1-v1_5", ...rsa }),
        ];
        return { publicKey: pss.publicKey, privateKey: pkcs1.privateKey };
      },
    ],
    [
      "halves in each other's place",
      async () => {
        const { publicKey, privateKey } = await generate({ name: "ECDSA", namedCurve: "P-256" });
        return { publicKey: privateKey, privateKey: publicKey };
      },
    ],
  ];
  test.each(refused)("%s is refused", async (_what, make) => {
    const pair = (await make()) as WebCryptoKeyPair;
    await expect(backend.importCryptoKeyPair(pair)).rejects.toMatchObject({ code: "key_import" });
  });

  test("halves of two pairs sign nothing", async () => {
    const [one, other] = await Promise.all(
      [1, 2].map(() => generate({ name: "ECDSA", namedCurve: "P-256" })),
    );
    const key = await backend.importCryptoKeyPair({
      publicKey: one!.publicKey,
      privateKey: other!.privateKey,
    });
    await expect(backend.sign(key, data)).rejects.toMatchObject({ code: "key_store" });
  });

  test("without WebCrypto it says what is missing", async () => {
    const pair = await generate({ name: "ECDSA", namedCurve: "P-256" });
    vi.stubGlobal("crypto", undefined);
    await expect(backend.importCryptoKeyPair(pair)).rejects.toMatchObject({ code: "unsupported_runtime" });
  });
});
