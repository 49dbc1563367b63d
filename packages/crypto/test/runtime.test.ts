import { afterEach, expect, test, vi } from "vitest";
import {
  exportPrivateJwk,
  exportPublicJwk,
  generateKey,
  importPrivateJwk,
  importPublicKey,
  tokenBindingHash,
} from "../src/portable/index.ts";

afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

test("without WebCrypto the portable backend says what is missing, and still verifies", async () => {
  const key = await generateKey("ecdsap256");
  vi.stubGlobal("crypto", undefined);
  await expect(generateKey("ecdsap256")).rejects.toMatchObject({ code: "unsupported_runtime" });
  await expect(key.sign(new Uint8Array(34))).rejects.toMatchObject({ code: "unsupported_runtime" });
  expect(importPublicKey(key.id).verify(new Uint8Array(34), new Uint8Array(64))).toBe(false);
  expect(exportPublicJwk(key.id).kty).toBe("EC");
  expect(tokenBindingHash(key.id.bytes)).toHaveLength(43);
});

test("[TBP-4.1-03] WebCrypto itself keeps the private half of a key in, unless it was asked for", async () => {
  const generate = vi.spyOn(crypto.subtle, "generateKey");
  const imported = vi.spyOn(crypto.subtle, "importKey");
  await generateKey("ecdsap256");
  expect(generate.mock.lastCall?.[1]).toBe(false);
  const key = await generateKey("ecdsap256", { extractable: true });
  expect(generate.mock.lastCall?.[1]).toBe(true);
  await importPrivateJwk(await exportPrivateJwk(key));
  expect(imported.mock.lastCall?.[3]).toBe(false);
});
