import { fork } from "node:child_process";
import { once } from "node:events";
import { link, mkdir, readdir, readFile, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { encodeBase64url } from "@tokbind/codec";
import { describe, expect, test } from "vitest";
import { FileKeyStore, type FileKeyStoreOptions } from "../src/index.ts";
import { failure } from "./support/agents.ts";
import { hasExfat, mountExfat } from "./support/exfat.ts";

const idOf = async (store: FileKeyStore, scope = "example.com") =>
  encodeBase64url((await store.get(scope, "ecdsap256")).id.bytes);

describe.skipIf(!hasExfat)("a file system without hard links and modes", () => {
  const open = async () => {
    const directory = join(await mountExfat(), "keys");
    return {
      directory,
      openStore: (options?: Partial<FileKeyStoreOptions>) => new FileKeyStore({ directory, ...options }),
    };
  };

  test("is what it says", async () => {
    const point = await mountExfat();
    await writeFile(join(point, "file"), "");
    expect(await failure(link(join(point, "file"), join(point, "linked")))).toMatchObject({ code: "EPERM" });
  });

  test("keeps keys, and leaves nothing else behind", async () => {
    const { directory, openStore } = await open();
    const id = await idOf(openStore());
    expect(await idOf(openStore())).toBe(id);
    expect(await idOf(openStore(), "example.org")).not.toBe(id);
    expect(await readdir(directory)).toHaveLength(2);
    await openStore().delete("example.com");
    expect(await idOf(openStore())).not.toBe(id);
    await openStore().clear();
    expect(await readdir(directory)).toEqual([]);
  });

  test("stores that ask at the same time end with one key", async () => {
    const { directory, openStore } = await open();
    const ids = await Promise.all(Array.from({ length: 8 }, () => idOf(openStore())));
    expect(new Set(ids).size).toBe(1);
    expect(await readdir(directory)).toHaveLength(1);
  });

  test("processes that ask at the same time end with one key", async () => {
    const { directory, openStore } = await open();
    const script = new URL("support/get-key.js", import.meta.url);
    const ids = await Promise.all(
      Array.from({ length: 4 }, async () => {
        const child = fork(script, [directory, "example.com", "ecdsap256"], { execArgv: [] });
        await once(child, "message");
        const answer = once(child, "message");
        child.send("go");
        return (await answer)[0] as string;
      }),
    );
    expect(new Set(ids)).toEqual(new Set([await idOf(openStore())]));
    expect(await readdir(directory)).toHaveLength(1);
  });

  test("stores that get, delete and clear all the time never fail", async () => {
    const { directory, openStore } = await open();
    const all = Array.from({ length: 3 }, () => openStore());
    await Promise.all(
      all.map(async (store, n) => {
        for (let i = 0; i < 12; i++) {
          await idOf(store);
          if (i % 4 === n) await store.clear();
          if (i % 4 === 3) await store.delete("example.com");
        }
      }),
    );
    expect(new Set(await Promise.all(all.map((store) => idOf(store)))).size).toBe(1);
    expect(await readdir(directory)).toHaveLength(1);
  });

  test("a lock that a process left when it died holds up for a while only", async () => {
    const { directory, openStore } = await open();
    await idOf(openStore());
    const [name] = await readdir(directory);
    const text = await readFile(join(directory, name!));
    const lock = join(directory, name!.replace(".json", ".lock"));
    await openStore().delete("example.com");
    await mkdir(lock);
    await writeFile(join(lock, "somebody"), "");
    const id = await idOf(openStore());
    expect(await readdir(directory)).toEqual([name]);
    expect((await readFile(join(directory, name!))).equals(text)).toBe(false);
    expect(await idOf(openStore())).toBe(id);
  });

  test("keys expire there too", async () => {
    const { directory, openStore } = await open();
    const id = await idOf(openStore());
    const [name] = await readdir(directory);
    const old = new Date(Date.now() - 100_000);
    await utimes(join(directory, name!), old, old);
    const stores = Array.from({ length: 4 }, () => openStore({ maxAge: 50 }));
    const ids = new Set(await Promise.all(stores.map((store) => idOf(store))));
    expect(ids.size).toBe(1);
    expect(ids.has(id)).toBe(false);
    expect(await readdir(directory)).toHaveLength(1);
  });
});
