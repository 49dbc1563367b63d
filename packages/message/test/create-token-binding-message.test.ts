import { randomBytes } from "node:crypto";
import {
  decodeBase64url,
  decodeTokenBindingMessage,
  type KeyParameters,
  signedData,
  type TokenBinding,
} from "@tokbind/codec";
import { generateKey, importPublicKey, verify } from "@tokbind/crypto";
import { describe, expect, test } from "vitest";
import { createTokenBindingMessage } from "../src/index.ts";

const types: readonly KeyParameters[] = ["rsa2048_pkcs1.5", "rsa2048_pss", "ecdsap256"];
const decode = (message: string) => decodeTokenBindingMessage(decodeBase64url(message)).tokenBindings;

const isGood = ({ type, id, signature }: TokenBinding, ekm: Uint8Array) =>
  verify(importPublicKey(id), signedData(type, id.keyParameters, ekm), signature);

describe.each(types)("provided %s", (provided) => {
  test("one provided binding, signed over type, key parameters and EKM [TBH-2-04] [TBH-2-09] [TBP-4.1-02]", async () => {
    const ekm = randomBytes(32);
    const key = await generateKey(provided);
    const bindings = decode(await createTokenBindingMessage({ ekm, provided: key }));

    expect(bindings).toMatchObject([{ type: 0, id: { bytes: key.id.bytes }, extensions: [] }]);
    expect(isGood(bindings[0]!, ekm)).toBe(true);
    expect(isGood(bindings[0]!, randomBytes(32))).toBe(false);
    expect(isGood({ ...bindings[0]!, type: 1 }, ekm)).toBe(false);
  });

  test.each(types)(
    "with a referred %s key, each by its own algorithm [TBP-4.1-05] [TBP-4.1-06] [TBP-4.1-07] [TBP-4.1-08]",
    async (referred) => {
      const ekm = randomBytes(32);
      const keys = { provided: await generateKey(provided), referred: await generateKey(referred) };
      const bindings = decode(await createTokenBindingMessage({ ekm, ...keys }));

      expect(bindings).toMatchObject([
        { type: 0, id: { bytes: keys.provided.id.bytes } },
        { type: 1, id: { bytes: keys.referred.id.bytes } },
      ]);
      expect(bindings.map((binding) => isGood(binding, ekm))).toEqual([true, true]);
    },
  );
});

test("186 characters for one ecdsap256 binding, and nothing but the alphabet [TBH-2-04]", async () => {
  const message = await createTokenBindingMessage({
    ekm: new Uint8Array(32),
    provided: await generateKey("ecdsap256"),
  });
  expect(message).toMatch(/^[A-Za-z0-9_-]{186}$/);
});

test("[A-12] a message for a protocol that asks for no provided binding, and none without any binding [TBP-4.1-01]", async () => {
  const ekm = new Uint8Array(32);
  const referred = await generateKey("ecdsap256");
  const bindings = decode(await createTokenBindingMessage({ ekm, referred }));
  expect(bindings).toMatchObject([{ type: 1, id: { bytes: referred.id.bytes } }]);
  for (const none of [{ ekm }, { ekm, provided: undefined, referred: undefined }]) {
    await expect(createTokenBindingMessage(none)).rejects.toMatchObject({
      code: "invalid_argument",
      message: "TokenBindingMessage: expected a provided key, got none",
    });
  }
});

test.each([0, 31, 33])("an EKM of %i bytes is refused", async (length) => {
  const provided = await generateKey("ecdsap256");
  const ekm = new Uint8Array(length);
  await expect(createTokenBindingMessage({ ekm, provided })).rejects.toMatchObject({
    code: "invalid_argument",
  });
});
