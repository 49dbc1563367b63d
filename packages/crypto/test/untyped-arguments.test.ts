import { decodeTokenBindingID, TokenBindingError } from "@tokbind/codec";
import { beforeAll, describe, expect, test, vi } from "vitest";
import type { TokenBindingKey } from "../src/types.ts";
import { backends, type Package } from "./backends.ts";
import { ecJwk, ecPkcs8, expectKeyImport, pem, ec, rejectedBy, rsaJwk } from "./foreign.ts";
import { ecId, ecKeyPair, rsaFixture, rsaId } from "./keys.ts";

/** What callers without types hand in. */
const wrong: readonly unknown[] = [
  undefined,
  null,
  5,
  5n,
  true,
  Symbol("x"),
  "text",
  "map",
  "2",
  [],
  ["ecdsap256"],
  {},
  { [Symbol.toStringTag]: "Uint8Array" },
  new DataView(new ArrayBuffer(64)),
  new Uint16Array(32),
  () => 1,
  new Date(),
];
const named = (value: unknown) => (typeof value === "symbol" ? "symbol" : `${typeof value} ${String(value)}`);

const data = new Uint8Array(34);
const id = ecId(ecKeyPair().point);
const rsa = rsaId("rsa2048_pss", rsaFixture());

/** The error of a call; what is thrown at once and what rejects are the same to a caller who awaits. */
async function errorOf(call: () => unknown): Promise<unknown> {
  return rejectedBy(Promise.resolve().then(call));
}

describe.each(backends)("%s", (_, typed) => {
  // Functions as JavaScript sees them.
  const untyped = typed as unknown as Record<keyof Package, (...args: unknown[]) => unknown>;
  let key: TokenBindingKey;
  beforeAll(async () => {
    key = await typed.generateKey("ecdsap256");
  });

  async function expectCode(code: string, call: () => unknown): Promise<void> {
    const error = await errorOf(call);
    expect(error).toBeInstanceOf(TokenBindingError);
    expect(error).toMatchObject({ code });
    expect((error as Error).message).toMatch(/expected .+, got .+/);
  }

  describe.each(wrong.map((value) => [named(value), value] as const))("%s", (_, value) => {
    test("in place of key parameters", async () => {
      await expectCode("invalid_argument", () => untyped.generateKey(value));
      await expectCode("invalid_argument", () => untyped.importSpki(new Uint8Array(91), value));
      await expectCode("invalid_argument", () => untyped.importPkcs8(ecPkcs8, value));
      if (value === undefined) return;
      await expectCode("invalid_argument", () => untyped.importPublicJwk(ecJwk, value));
      await expectCode("invalid_argument", () => untyped.importPrivateJwk(ecJwk, value));
    });

    test("in place of a key to import", async () => {
      await expectCode("key_import", () => untyped.importPkcs8(value, "ecdsap256"));
      await expectCode("key_import", () => untyped.importSpki(value, "ecdsap256"));
      await expectCode("key_import", () => untyped.importPublicJwk(value, "ecdsap256"));
      await expectCode("key_import", () => untyped.importPrivateJwk(value, "ecdsap256"));
      await expectCode("key_import", () => untyped.importPublicJwk(value));
      await expectCode("key_import", () => untyped.importPrivateJwk(value));
    });

    test("in place of a member of a JWK", async () => {
      for (const name of ["kty", "crv", "x", "y", "d"] as const) {
        await expectCode("key_import", () =>
          untyped.importPrivateJwk({ ...ecJwk, [name]: value }, "ecdsap256"),
        );
      }
      for (const name of ["n", "e", "d", "p", "q", "dp", "dq", "qi"] as const) {
        await expectCode("key_import", () =>
          untyped.importPrivateJwk({ ...rsaJwk, [name]: value }, "rsa2048_pss"),
        );
      }
      await expectCode("key_import", () => untyped.importPublicJwk({ ...ecJwk, alg: value }));
    });

    test("in place of a TokenBindingID, or of a part of one", async () => {
      const ids = [
        value,
        { ...id, publicKey: value },
        { ...id, publicKey: { ...id.publicKey, kind: value } },
        { ...id, publicKey: { ...id.publicKey, point: value } },
        { ...rsa, publicKey: { ...rsa.publicKey, modulus: value } },
        { ...rsa, publicKey: { ...rsa.publicKey, publicExponent: value } },
      ];
      for (const wrongId of ids) {
        await expectCode("invalid_argument", () => untyped.importPublicKey(wrongId));
        await expectCode("invalid_argument", () => untyped.exportSpki(wrongId));
        await expectCode("invalid_argument", () => untyped.exportPublicJwk(wrongId));
      }
      const code = typeof value === "number" ? "key_invalid" : "invalid_argument";
      await expectCode(code, () => untyped.importPublicKey({ ...id, keyParameters: value }));
      await expectCode(code, () => untyped.importPublicKey({ ...rsa, keyParameters: value }));
    });

    test("in place of a key or a handle", async () => {
      await expectCode("invalid_argument", () => untyped.sign(value, data));
      await expectCode("invalid_argument", () => untyped.sign({ ...key, keyParameters: value }, data));
      await expectCode("invalid_argument", () => untyped.exportPrivateJwk(value));
      await expectCode("invalid_argument", () => untyped.exportPkcs8(value));
      await expectCode("invalid_argument", () => untyped.verify(value, data, new Uint8Array(64)));
    });

    // node:crypto would hash a text, and a text of 43 characters is easily taken for the bytes that it encodes.
    test("in place of bytes", async () => {
      const handle = typed.importPublicKey(id);
      const { verify } = handle as unknown as { verify: (...args: unknown[]) => boolean };
      await expectCode("invalid_argument", () => untyped.tokenBindingHash(value));
      await expectCode("invalid_argument", () => untyped.encodePem("PUBLIC KEY", value));
      await expectCode("invalid_argument", () => untyped.encodePem(value, data));
      await expectCode("invalid_argument", () => untyped.verify(handle, value, new Uint8Array(64)));
      await expectCode("invalid_argument", () => untyped.verify(handle, data, value));
      await expectCode("invalid_argument", () => verify(data, value));
      await expectCode("invalid_argument", () => untyped.sign(key, value));
      await expectCode("invalid_argument", () => key.sign(value as Uint8Array));
      await expectCode("key_store", () => untyped.sign({ ...key, sign: () => value }, data));
    });
  });

  test.each([
    ["null", null],
    ["true", true],
    ["a text", "extractable"],
    ["a misspelt option", { extractible: true }],
    ["a text for extractable", { extractable: "no" }],
    ["null for extractable", { extractable: 0 }],
  ])("options are refused: %s", async (_, options) => {
    await expectCode("invalid_argument", () => untyped.generateKey("ecdsap256", options));
    await expectCode("invalid_argument", () => untyped.importPkcs8(ecPkcs8, "ecdsap256", options));
    await expectCode("invalid_argument", () => untyped.importPrivateJwk(ecJwk, "ecdsap256", options));
  });

  test("[TBP-4.1-03] undefined options are no options", async () => {
    for (const options of [undefined, {}, { extractable: undefined }, { extractable: false }]) {
      expect(await typed.generateKey("ecdsap256", options)).not.toHaveProperty("exportJwk");
    }
  });

  test("methods work detached from their objects", async () => {
    // eslint-disable-next-line @typescript-eslint/unbound-method -- which is what this shows
    const { sign, exportJwk } = await typed.generateKey("ecdsap256", { extractable: true });
    const { id } = await typed.importPrivateJwk(await exportJwk!());
    const { verify } = typed.importPublicKey(id);
    expect(verify(data, await sign(data))).toBe(true);
  });

  test("bytes of another realm and Buffers are bytes", async () => {
    const { runInNewContext } = await import("node:vm");
    const foreign = (bytes: Uint8Array) => {
      const copy = runInNewContext(`new Uint8Array(${bytes.length})`) as Uint8Array;
      copy.set(bytes);
      return copy;
    };
    expect(foreign(data)).not.toBeInstanceOf(Uint8Array);
    for (const given of [foreign, (bytes: Uint8Array) => Buffer.from(bytes)]) {
      const signature = await typed.sign(key, given(data));
      expect(typed.tokenBindingHash(given(key.id.bytes))).toBe(typed.tokenBindingHash(key.id.bytes));
      expect(typed.verify(typed.importPublicKey(key.id), given(data), given(signature))).toBe(true);
      expect(typed.importSpki(given(typed.exportSpki(key.id)), "ecdsap256")).toEqual(key.id);
    }
  });

  // The arguments swapped, or a member in place of another.
  test("a key in the wrong place is not shown", async () => {
    const text = pem(ec.privateKey, "pkcs8");
    const d = ecJwk.d!;
    const errors = await Promise.all([
      errorOf(() => untyped.importPkcs8("ecdsap256", text)),
      errorOf(() => untyped.importPrivateJwk("ecdsap256", ecJwk)),
      errorOf(() => untyped.importPrivateJwk(text, "ecdsap256")),
      errorOf(() => untyped.importPrivateJwk({ ...ecJwk, kty: d }, "ecdsap256")),
      errorOf(() => untyped.importPrivateJwk({ ...ecJwk, crv: d }, "ecdsap256")),
      errorOf(() => untyped.importPrivateJwk({ ...ecJwk, alg: d })),
      errorOf(() => untyped.importPrivateJwk({ ...ecJwk, x: `*${d}` }, "ecdsap256")),
      errorOf(() => untyped.encodePem(text, data)),
      errorOf(() => untyped.generateKey("ecdsap256", { [d]: 1 })),
      errorOf(() => untyped.generateKey("ecdsap256", { extractable: d })),
      errorOf(() => untyped.tokenBindingHash(text)),
    ]);
    for (const error of errors) {
      // expectKeyImport looks for secrets in messages and causes; its code is beside the point here.
      expect(error).toBeInstanceOf(TokenBindingError);
      expectKeyImport(Object.assign(error as Error, { code: "key_import" }));
    }
  });
});

test("a key that WebCrypto refuses is refused in our words, without those of the runtime", async () => {
  const [, portable] = backends[1]!;
  const refusal = new DOMException(`bad key ${ecJwk.d!}`, "DataError");
  const importKey = vi.spyOn(crypto.subtle, "importKey").mockRejectedValue(refusal);
  const error = await rejectedBy(portable.importPrivateJwk(ecJwk, "ecdsap256"));
  importKey.mockRestore();
  expectKeyImport(error);
  expect(error).not.toHaveProperty("cause");
});

describe.each(backends)("%s", (_, { exportSpki, generateKey, importPublicKey, importSpki, sign }) => {
  test("nothing imported shares memory with what it was imported from", async () => {
    const key = await generateKey("ecdsap256");
    const message = Uint8Array.from(key.id.bytes);
    const handle = importPublicKey(decodeTokenBindingID(message));
    message.fill(0);
    expect(handle.verify(data, await sign(key, data))).toBe(true);
    const spki = Buffer.from(exportSpki(key.id));
    const imported = importSpki(spki, "ecdsap256");
    spki.fill(0);
    expect(imported).toEqual(key.id);
  });

  // What one call returns or was given must not change what the next one says.
  test("a verdict is not changed by verdicts on other signatures", async () => {
    const key = await generateKey("ecdsap256");
    const handle = importPublicKey(key.id);
    const signatures = await Promise.all([sign(key, data), sign(key, data)]);
    for (const signature of [...signatures, new Uint8Array(64), ...signatures]) {
      const kept = Uint8Array.from(signature);
      expect(handle.verify(data, signature)).toBe(signature.some((byte) => byte !== 0));
      expect(signature).toEqual(kept);
    }
  });
});
