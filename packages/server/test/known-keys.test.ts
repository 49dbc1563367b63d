import { decodeTokenBindingID } from "@tokbind/codec";
import { generateKey } from "@tokbind/crypto";
import { expect, test } from "vitest";
import { KnownKeys } from "../src/known-keys.ts";
import { keys, opaqueBinding, provided } from "./support/messages.ts";

test("a key is imported once, and stays known until others take its place", async () => {
  const knownKeys = new KnownKeys(2);
  const third = await generateKey("ecdsap256");
  const [first, second] = [knownKeys.get(keys.ec.id), knownKeys.get(keys.otherEc.id)];
  expect(knownKeys.get(keys.otherEc.id)).toBe(second);
  expect(knownKeys.get(keys.ec.id)).toBe(first);
  knownKeys.get(third.id);
  expect(knownKeys.get(keys.ec.id)).toBe(first);
  expect(knownKeys.get(keys.otherEc.id)).not.toBe(second);
});

test("the same key bytes under other key parameters are another key", () => {
  const knownKeys = new KnownKeys(2);
  expect(knownKeys.get(keys.pss.id).keyParameters).toBe("rsa2048_pss");
  const id = Uint8Array.from(keys.pss.id.bytes);
  id[0] = 0;
  expect(knownKeys.get(decodeTokenBindingID(id)).keyParameters).toBe("rsa2048_pkcs1.5");
});

test("IDs are told apart by every byte, also by those that are no UTF-8", () => {
  const knownKeys = new KnownKeys(2);
  knownKeys.get(keys.ec.id);
  for (let bit = 8; bit < 68 * 8; bit++) {
    const id = Uint8Array.from(keys.ec.id.bytes);
    id[bit >> 3]! ^= 0x80 >> (bit & 7);
    // One bit off, the point is not on the curve or the frame does not close.
    expect(() => knownKeys.get(decodeTokenBindingID(id))).toThrow();
  }
});

test("[A-04] key parameters that are not registered have no key", () => {
  const { id } = opaqueBinding(provided);
  expect(() => new KnownKeys(1).get(id)).toThrow("key parameters 99 are not registered");
  expect(() => new KnownKeys(1).get(id)).toThrow(expect.objectContaining({ code: "key_invalid" }) as Error);
});
