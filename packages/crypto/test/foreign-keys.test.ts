import { createSign, randomBytes } from "node:crypto";
import { TokenBindingError } from "@tokbind/codec";
import { describe, expect, test } from "vitest";
import type { TokenBindingKey } from "../src/types.ts";
import { backends } from "./backends.ts";
import { allKeyParameters } from "./keys.ts";

const data = new Uint8Array(randomBytes(34));

describe.each(backends)("%s", (_, backend) => {
  const refusal = async (key: TokenBindingKey) => {
    const error: unknown = await backend.sign(key, data).catch((error: unknown) => error);
    expect(error).toBeInstanceOf(TokenBindingError);
    expect(error).toMatchObject({ code: "key_store", status: 500 });
    return error as TokenBindingError;
  };

  describe.each(allKeyParameters)("a foreign %s key", (keyParameters) => {
    test("that signs as it should", async () => {
      const key = await backend.generateKey(keyParameters);
      const foreign = { ...key, sign: async (given: Uint8Array) => Buffer.from(await key.sign(given)) };
      const signature = await backend.sign(foreign, data);
      expect(backend.verify(backend.importPublicKey(key.id), data, signature)).toBe(true);
    });

    test("is verified each time before anybody sees what it signed [A-53]", async () => {
      const [key, other] = [
        await backend.generateKey(keyParameters),
        await backend.generateKey(keyParameters),
      ];
      let isGood = true;
      const sign = (given: Uint8Array) => (isGood ? key : other).sign(given);
      await backend.sign({ ...key, sign }, data);
      isGood = false;
      const { message } = await refusal({ ...key, sign });
      expect(message).toContain("expected a signature that the ID of the key verifies, got another");
    });

    test("that signs with the right length and nothing right in it", async () => {
      const key = await backend.generateKey(keyParameters);
      const { length } = await key.sign(data);
      await refusal({ ...key, sign: () => Promise.resolve(new Uint8Array(length)) });
      await refusal({ ...key, sign: () => Promise.resolve(new Uint8Array(randomBytes(length))) });
    });

    test("that changes what it is given", async () => {
      const key = await backend.generateKey(keyParameters);
      const before = data.slice();
      await refusal({ ...key, sign: (given: Uint8Array) => key.sign(given.fill(7)) });
      expect(data).toEqual(before);
    });
  });

  test("[TBP-3.3-05] one that signs in DER is told what to do about it", async () => {
    const key = await backend.generateKey("ecdsap256", { extractable: true });
    const pem = backend.encodePem("PRIVATE KEY", await backend.exportPkcs8(key));
    const inDer = (given: Uint8Array) => new Uint8Array(createSign("sha256").update(given).sign(pem));
    const { message } = await refusal({ ...key, sign: (given: Uint8Array) => Promise.resolve(inDer(given)) });
    expect(message).toMatch(
      /expected a signature of 64 bytes, got (68|69|70|71|72); decodeEcdsaSigValue makes R then S of DER/,
    );
    const sign = (given: Uint8Array) => Promise.resolve(backend.decodeEcdsaSigValue(inDer(given)));
    expect(await backend.sign({ ...key, sign }, data)).toHaveLength(64);
  });

  const thrown = [new Error("CKR_PIN_INCORRECT"), "secret-4711", undefined, null, { message: "secret-4711" }];
  test.each(thrown)("a failure is key_store with its cause: %s", async (cause) => {
    const key = await backend.generateKey("ecdsap256");
    const signs: (() => Promise<Uint8Array>)[] = [
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- what this is about
      () => Promise.reject(cause),
      () => {
        throw cause as Error;
      },
    ];
    for (const sign of signs) {
      const error = await refusal({ ...key, sign });
      expect(error.cause).toBe(cause);
      expect(error.message).not.toContain("4711");
      if (cause instanceof Error) expect(error.message).toContain(cause.message);
    }
  });

  test("an error of ours stays as it is", async () => {
    const key = await backend.generateKey("ecdsap256");
    const locked = new TokenBindingError("unsupported_runtime", "locked");
    const sign = () => Promise.reject(locked);
    await expect(backend.sign({ ...key, sign }, data)).rejects.toBe(locked);
  });

  test("an ID that holds no key is the fault of the key, and not a client's", async () => {
    const key = await backend.generateKey("ecdsap256");
    const publicKey = { kind: "ec", point: new Uint8Array(64) } as const;
    const error = await refusal({ ...key, id: { ...key.id, publicKey }, sign: (given) => key.sign(given) });
    expect(error.cause).toMatchObject({ code: "key_invalid" });
  });
});
