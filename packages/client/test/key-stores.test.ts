import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encodeBase64url, type KeyParameters } from "@tokbind/codec";
import { exportPrivateJwk } from "@tokbind/crypto";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { FileKeyStore, MemoryKeyStore, type TokenBindingKeyStore } from "../src/index.ts";

let directory: string;
beforeEach(async () => {
  directory = join(await mkdtemp(join(tmpdir(), "tokbind-")), "made", "by", "store");
});
afterEach(() => rm(join(directory, "../../.."), { recursive: true }));

const types: readonly KeyParameters[] = ["rsa2048_pkcs1.5", "rsa2048_pss", "ecdsap256"];
const idOf = async (store: TokenBindingKeyStore, scope = "example.com", type: KeyParameters = "ecdsap256") =>
  encodeBase64url((await store.get(scope, type)).id.bytes);

const stores: [string, () => TokenBindingKeyStore][] = [
  ["MemoryKeyStore", () => new MemoryKeyStore()],
  ["FileKeyStore", () => new FileKeyStore({ directory })],
];
describe.each(stores)("%s", (_name, open) => {
  test.each(types)("makes a %s key and keeps it", async (type) => {
    const store = open();
    const key = await store.get("example.com", type);
    expect(key.keyParameters).toBe(type);
    expect(await store.get("example.com", type)).toBe(key);
  });

  test("one key per scope and key parameters [A-36] [TBP-4.1-04]", async () => {
    const store = open();
    const ids = new Set<string>();
    for (const scope of ["example.com", "example.org"]) {
      for (const type of types) ids.add(await idOf(store, scope, type));
    }
    expect(ids.size).toBe(6);
  });

  test("calls at the same time make one key", async () => {
    const store = open();
    const keys = await Promise.all(Array.from({ length: 20 }, () => store.get("example.com", "rsa2048_pss")));
    expect(new Set(keys).size).toBe(1);
  });

  test("hands out no private key [TBP-4.1-03]", async () => {
    const key = await open().get("example.com", "ecdsap256");
    await expect(exportPrivateJwk(key)).rejects.toMatchObject({ code: "invalid_argument" });
  });

  test("delete forgets one scope, clear forgets all [TBP-7.3-01] [TBP-7.3-05] [TBH-8.2-01]", async () => {
    const store = open();
    const [one, other] = [await idOf(store, "example.com"), await idOf(store, "example.org")];
    const rsa = await idOf(store, "example.com", "rsa2048_pss");
    await store.delete("example.com");
    const renewed = await idOf(store, "example.com");
    expect(renewed).not.toBe(one);
    expect(await idOf(store, "example.com", "rsa2048_pss")).not.toBe(rsa);
    expect(await idOf(store, "example.org")).toBe(other);

    await store.clear();
    expect(await idOf(store, "example.com")).not.toBe(renewed);
    expect(await idOf(store, "example.org")).not.toBe(other);
  });

  test("delete reaches a key that is being made", async () => {
    const store = open();
    const early = idOf(store, "example.com", "rsa2048_pss");
    await store.delete("example.com");
    expect(await idOf(store, "example.com", "rsa2048_pss")).not.toBe(await early);
  });

  test("delete and clear of nothing", async () => {
    const store = open();
    await store.delete("example.com");
    await store.clear();
  });

  test("any string is a scope of its own, and no file leaves the directory", async () => {
    const store = open();
    const scopes = [
      "",
      ".",
      "..",
      "../escape",
      "/etc/passwd",
      "a/b",
      "a\\b",
      "a\0b",
      "CON",
      "A",
      "a",
      "\ud800",
    ];
    scopes.push("\ud801", "\u00e9", "e\u0301", "x".repeat(10_000), "__proto__", "*", "a.ecdsap256", "[::1]");
    const ids = new Set<string>();
    for (const scope of scopes) ids.add(await idOf(store, scope));
    expect(ids.size).toBe(scopes.length);
    for (const scope of scopes) ids.add(await idOf(store, scope));
    expect(ids.size).toBe(scopes.length);
    const around = await readdir(join(directory, "../../.."), { recursive: true }).catch(() => []);
    expect(around.every((name) => /^made(\/by(\/store(\/[0-9a-f]{64}\.json)?)?)?$/.test(name))).toBe(true);
  });
});
