import { decodeTokenBindingID, type TokenBindingID } from "@tokbind/codec";
import { generateKey, importPublicKey, tokenBindingHash } from "@tokbind/crypto";
import { keys, makeBinding, provided, spoil } from "@tokbind/testing/messages";
import { expect, test } from "vitest";
import { KnownKeys } from "../src/known-keys.ts";
import { MessageVerifier } from "../src/index.ts";

const add = (knownKeys: KnownKeys, id: TokenBindingID) => {
  const publicKey = importPublicKey(id);
  return knownKeys.add(id, publicKey.keyParameters, publicKey);
};

test("a key stays known until others take its place, the one that was seen last the longest", async () => {
  const knownKeys = new KnownKeys(2);
  const third = await generateKey("ecdsap256");
  const first = add(knownKeys, keys.ec.id);
  add(knownKeys, keys.otherEc.id);
  expect(knownKeys.get(keys.ec.id)).toBe(first);
  add(knownKeys, third.id);
  expect(knownKeys.get(keys.ec.id)).toBe(first);
  expect(knownKeys.get(keys.otherEc.id)).toBeUndefined();
});

test("the same key bytes under other key parameters are another key", () => {
  const knownKeys = new KnownKeys(2);
  const pss = add(knownKeys, keys.pss.id);
  const bytes = Uint8Array.from(keys.pss.id.bytes);
  bytes[0] = 0;
  const pkcs1 = decodeTokenBindingID(bytes);
  expect(knownKeys.get(pkcs1)).toBeUndefined();
  expect(add(knownKeys, pkcs1).identity.keyParameters).toBe("rsa2048_pkcs1.5");
  expect(pss.identity.keyParameters).toBe("rsa2048_pss");
});

test("keys that are looked for at the same place take turns in it", () => {
  const knownKeys = new KnownKeys(10);
  const [one, other] = [0, 2].map((change) => {
    const id = Uint8Array.from(keys.pss.id.bytes);
    id[200]! ^= change;
    return decodeTokenBindingID(id);
  });
  for (const [id, rival] of [
    [one!, other!],
    [other!, one!],
  ] as const) {
    const { identity } = add(knownKeys, id);
    expect(knownKeys.get(id)?.identity).toBe(identity);
    expect(knownKeys.get(rival)).toBeUndefined();
    expect(identity.id).toEqual(id.bytes);
    expect(identity.tbh).toBe(tokenBindingHash(id.bytes));
  }
});

test("IDs are told apart by every byte and by their length", () => {
  const knownKeys = new KnownKeys(2);
  const { id } = keys.ec;
  add(knownKeys, id);
  for (let bit = 0; bit < id.bytes.length * 8; bit++) {
    const bytes = Uint8Array.from(id.bytes);
    bytes[bit >> 3]! ^= 0x80 >> (bit & 7);
    expect(knownKeys.get({ ...id, bytes })).toBeUndefined();
  }
  expect(knownKeys.get({ ...id, bytes: id.bytes.subarray(0, -1) })).toBeUndefined();
  expect(knownKeys.get({ ...id, bytes: Uint8Array.of(...id.bytes, 0) })).toBeUndefined();
  expect(knownKeys.get(id)).toBeDefined();
});

test("a key that has not verified a signature is not remembered", async () => {
  const ekm = new Uint8Array(32);
  const verifier = new MessageVerifier({ maxKnownKeys: 1 });
  const connection = { ekm, keyParameters: "ecdsap256" } as const;
  const good = await makeBinding({ type: provided, key: keys.ec, ekm });
  const identity = verifier.verify({ tokenBindings: [good] }, connection).provided;
  // There is room for one key. If this one got in, the first would have gone and be made anew.
  const bad = spoil(await makeBinding({ type: provided, key: keys.otherEc, ekm }));
  for (let i = 0; i < 3; i++) expect(() => verifier.verify({ tokenBindings: [bad] }, connection)).toThrow();
  expect(verifier.verify({ tokenBindings: [good] }, connection).provided).toBe(identity);
});
