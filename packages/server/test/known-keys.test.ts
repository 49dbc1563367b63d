import { decodeTokenBindingID } from "@tokbind/codec";
import { generateKey, tokenBindingHash } from "@tokbind/crypto";
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
  expect(knownKeys.get(keys.pss.id).identity.keyParameters).toBe("rsa2048_pss");
  const id = Uint8Array.from(keys.pss.id.bytes);
  id[0] = 0;
  expect(knownKeys.get(decodeTokenBindingID(id)).identity.keyParameters).toBe("rsa2048_pkcs1.5");
});

test("keys that are looked for at the same place take turns in it", () => {
  const knownKeys = new KnownKeys(10);
  const [one, other] = [0, 2].map((change) => {
    const id = Uint8Array.from(keys.pss.id.bytes);
    id[200]! ^= change;
    return decodeTokenBindingID(id);
  });
  for (const id of [one!, other!, other!, one!]) {
    const { identity } = knownKeys.get(id);
    expect(identity.id).toEqual(id.bytes);
    expect(identity.tbh).toBe(tokenBindingHash(id.bytes));
  }
  expect(knownKeys.get(one!)).toBe(knownKeys.get(one!));
});

test("an identity is shared, so it can not be written to, and it has its own copy of the ID", () => {
  const bytes = Uint8Array.from(keys.ec.id.bytes);
  const { identity } = new KnownKeys(1).get(decodeTokenBindingID(bytes));
  expect(Object.isFrozen(identity)).toBe(true);
  bytes.fill(0);
  expect(identity.id).toEqual(keys.ec.id.bytes);
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
