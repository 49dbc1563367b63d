import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encodeBase64url, type KeyParameters } from "@tokbind/codec";
import { exportPrivateJwk, generateKey } from "@tokbind/crypto";
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
const onlyFile = async () => join(directory, (await readdir(directory))[0]!);

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

describe("FileKeyStore", () => {
  test("another store, and so another process, has the same keys", async () => {
    for (const type of types) {
      const id = await idOf(new FileKeyStore({ directory }), "example.com", type);
      expect(await idOf(new FileKeyStore({ directory }), "example.com", type)).toBe(id);
    }
  });

  test("a key that another store deleted or replaced is used no longer [TBH-8.2-01]", async () => {
    const [store, other] = [new FileKeyStore({ directory }), new FileKeyStore({ directory })];
    const id = await idOf(store);
    await other.delete("example.com");
    const renewed = await idOf(other);
    expect(renewed).not.toBe(id);
    expect(await idOf(store)).toBe(renewed);
  });

  test.skipIf(process.platform === "win32")("only the owner can read the keys", async () => {
    const mask = process.umask(0);
    await idOf(new FileKeyStore({ directory }));
    process.umask(mask);
    expect((await stat(directory)).mode & 0o777).toBe(0o700);
    expect((await stat(await onlyFile())).mode & 0o777).toBe(0o600);
    expect(await readdir(directory)).toHaveLength(1);
  });

  test.each(["ecdsap256", "rsa2048_pss"])("processes that race for a %s key end with one", async (type) => {
    const script = new URL("support/get-key.js", import.meta.url);
    const children = await Promise.all(
      Array.from({ length: 4 }, () => start(script, [directory, "example.com", type])),
    );
    const ids = await Promise.all(
      children.map(async (child) => {
        const answer = once(child, "message");
        child.send("go");
        return (await answer)[0] as string;
      }),
    );
    expect(new Set(ids)).toEqual(
      new Set([await idOf(new FileKeyStore({ directory }), "example.com", type as KeyParameters)]),
    );
    expect(await readdir(directory)).toHaveLength(1);
  });

  test.each(types)("stores that race for a %s key end with one", async (type) => {
    const ids = Array.from({ length: 8 }, () => idOf(new FileKeyStore({ directory }), "example.com", type));
    expect(new Set(await Promise.all(ids)).size).toBe(1);
    expect(await readdir(directory)).toHaveLength(1);
  });

  test("stores that get and clear all the time never fail", async () => {
    const all = Array.from({ length: 4 }, () => new FileKeyStore({ directory }));
    const work = all.map(async (store) => {
      for (let i = 0; i < 20; i++) {
        await store.get("example.com", "ecdsap256");
        if (i % 3 === 0) await store.clear();
      }
    });
    await Promise.all(work);
    const ids = await Promise.all(all.map((store) => idOf(store)));
    expect(new Set(ids).size).toBe(1);
  });

  describe("a bad file is named with what to do about it, and nothing in it is shown", () => {
    const contents: [string, (good: string) => string | Promise<string>][] = [
      ["empty", () => ""],
      ["cut off", (good) => good.slice(0, -20)],
      ["no object", () => "null"],
      ["without a key", () => '{"scope":"example.com"}'],
      ["of another scope", (good) => good.replace("example.com", "example.org")],
      ["of another type", async () => entry(await generateKey("rsa2048_pss", { extractable: true }))],
      ["with a private half of another key", (good) => good.replace(/"d": "[^"]{4}/, '"d": "AAAA')],
      ["with a public half that is no point", (good) => good.replace(/"x": "[^"]{4}/, '"x": "AAAA')],
    ];
    test.each(contents)("%s", async (_what, change) => {
      await idOf(new FileKeyStore({ directory }));
      const file = await onlyFile();
      const good = await readFile(file, "utf8");
      const secret = (JSON.parse(good) as { jwk: { d: string } }).jwk.d;
      await writeFile(file, await change(good));
      const error = await failure(idOf(new FileKeyStore({ directory })));
      expect(error).toMatchObject({ code: "key_import" });
      expect(error.message).toContain(file);
      expect(error.message).toContain("delete the file");
      for (let shown: unknown = error; shown instanceof Error; shown = shown.cause) {
        expect(String(shown.stack)).not.toContain(secret.slice(4, 20));
      }
    });

    test.skipIf(process.platform === "win32")("that others can read", async () => {
      await idOf(new FileKeyStore({ directory }));
      const file = await onlyFile();
      await chmod(file, 0o644);
      const error = await failure(idOf(new FileKeyStore({ directory })));
      expect(error).toMatchObject({ code: "key_store" });
      expect(error.message).toContain(file);
    });

    test("that is a directory", async () => {
      await idOf(new FileKeyStore({ directory }));
      const file = await onlyFile();
      await rm(file);
      await mkdir(file, { mode: 0o700 });
      expect(await failure(idOf(new FileKeyStore({ directory })))).toMatchObject({ code: "key_store" });
    });
  });

  test.skipIf(process.platform === "win32")("a directory that others can write to is refused", async () => {
    await mkdir(directory, { recursive: true });
    await chmod(directory, 0o777);
    const error = await failure(idOf(new FileKeyStore({ directory })));
    expect(error).toMatchObject({ code: "key_store" });
    expect(error.message).toContain(directory);
    expect(await readdir(directory)).toEqual([]);
  });

  test("a directory that cannot be made", async () => {
    await mkdir(join(directory, ".."), { recursive: true });
    await writeFile(directory, "");
    expect(await failure(idOf(new FileKeyStore({ directory })))).toMatchObject({ code: "key_store" });
    expect(await failure(new FileKeyStore({ directory }).clear())).toMatchObject({ code: "key_store" });
  });

  test("a dangling link in place of a key file ends with an error", async () => {
    await idOf(new FileKeyStore({ directory }));
    const file = await onlyFile();
    await rm(file);
    await symlink(join(directory, "nowhere"), file);
    expect(await failure(idOf(new FileKeyStore({ directory })))).toMatchObject({ code: "key_store" });
  });

  test("clear leaves files of others alone and takes what a dead process left", async () => {
    const store = new FileKeyStore({ directory });
    await idOf(store);
    await writeFile(join(directory, "notes.txt"), "");
    await writeFile(`${await onlyFile()}.left-over`, "");
    await store.clear();
    expect(await readdir(directory)).toEqual(["notes.txt"]);
  });
});

async function entry(key: Parameters<typeof exportPrivateJwk>[0]): Promise<string> {
  return JSON.stringify({ scope: "example.com", jwk: await exportPrivateJwk(key) });
}

async function start(script: URL, args: string[]): Promise<ChildProcess> {
  // Without the options of this process, which make it take the sources.
  const child = fork(script, args, { execArgv: [] });
  await once(child, "message");
  return child;
}

async function failure(promise: Promise<unknown>): Promise<Error> {
  return promise.then(
    () => expect.fail("expected a failure"),
    (error: unknown) => error as Error,
  );
}
