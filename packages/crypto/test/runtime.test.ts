import { afterEach, expect, test, vi } from "vitest";
import { backends } from "./backends.ts";

const [, node] = backends[0]!;
const [, portable] = backends[1]!;

afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

test("without WebCrypto the portable backend says what is missing, and still verifies", async () => {
  const key = await portable.generateKey("ecdsap256");
  vi.stubGlobal("crypto", undefined);
  const unsupported = { code: "unsupported_runtime" };
  await expect(portable.generateKey("ecdsap256")).rejects.toMatchObject(unsupported);
  await expect(key.sign(new Uint8Array(34))).rejects.toMatchObject(unsupported);
  expect(portable.importPublicKey(key.id).verify(new Uint8Array(34), new Uint8Array(64))).toBe(false);
  expect(portable.exportPublicJwk(key.id).kty).toBe("EC");
  expect(portable.tokenBindingHash(key.id.bytes)).toHaveLength(43);
});

test("the backend for Node needs no WebCrypto", async () => {
  vi.stubGlobal("crypto", undefined);
  const key = await node.generateKey("ecdsap256");
  const signature = await node.sign(key, new Uint8Array(34));
  expect(node.verify(node.importPublicKey(key.id), new Uint8Array(34), signature)).toBe(true);
});

test("[TBP-4.1-03] WebCrypto itself keeps the private half of a key in, unless it was asked for", async () => {
  const generate = vi.spyOn(crypto.subtle, "generateKey");
  const imported = vi.spyOn(crypto.subtle, "importKey");
  await portable.generateKey("ecdsap256");
  expect(generate.mock.lastCall?.[1]).toBe(false);
  const key = await portable.generateKey("ecdsap256", { extractable: true });
  expect(generate.mock.lastCall?.[1]).toBe(true);
  await portable.importPrivateJwk(await portable.exportPrivateJwk(key));
  expect(imported.mock.lastCall?.[3]).toBe(false);
});
