import { type ChildProcess, fork, spawnSync } from "node:child_process";
import { once } from "node:events";
import { constants } from "node:fs";
import {
  chmod,
  chown,
  mkdir,
  mkdtemp,
  open,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { encodeBase64url, type KeyParameters, TokenBindingError } from "@tokbind/codec";
import { exportPrivateJwk, generateKey } from "@tokbind/crypto";
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { FileKeyStore, type FileKeyStoreOptions, type TokenBindingKeyStore } from "../src/index.ts";
import { failure } from "./support/agents.ts";

let directory: string;
beforeEach(async () => {
  directory = join(await mkdtemp(join(tmpdir(), "tokbind-")), "made", "by", "store");
});
afterEach(() => rm(join(directory, "../../.."), { recursive: true }));

const types: readonly KeyParameters[] = ["rsa2048_pkcs1.5", "rsa2048_pss", "ecdsap256"];
const idOf = async (store: TokenBindingKeyStore, scope = "example.com", type: KeyParameters = "ecdsap256") =>
  encodeBase64url((await store.get(scope, type)).id.bytes);
const onlyFile = async () => join(directory, (await readdir(directory))[0]!);
const openStore = () => new FileKeyStore({ directory });
const isWindows = process.platform === "win32";
const isRoot = process.geteuid?.() === 0;

/** Fails with `key_store`, names the path and shows no key; and a store that has the key in memory fails so too. */
async function refused(store: FileKeyStore, path: string, message: string): Promise<void> {
  for (const each of [store, openStore()]) {
    const error = await failure(idOf(each));
    expect(error).toBeInstanceOf(TokenBindingError);
    expect(error).toMatchObject({ code: "key_store" });
    expect(error.message).toContain(path);
    expect(error.message).toContain(message);
  }
}

test("another store, and so another process, has the same keys", async () => {
  for (const type of types) {
    const id = await idOf(openStore(), "example.com", type);
    expect(await idOf(openStore(), "example.com", type)).toBe(id);
  }
});

test("a key that another store deleted or replaced is used no longer [TBH-8.2-01]", async () => {
  const [store, other] = [openStore(), openStore()];
  const id = await idOf(store);
  await other.delete("example.com");
  const renewed = await idOf(other);
  expect(renewed).not.toBe(id);
  expect(await idOf(store)).toBe(renewed);
});

test("a relative directory is that of the moment when the store was made", async () => {
  const store = new FileKeyStore({ directory: relative(process.cwd(), directory) });
  const before = process.cwd();
  onTestFinished(() => {
    process.chdir(before);
  });
  process.chdir(tmpdir());
  const id = await idOf(store);
  expect(await idOf(openStore())).toBe(id);
});

test.each([undefined, {}, { directory: "" }, { directory: 5 }, { directory: "x", mode: 0o755 }, "x"])(
  "options %j are refused",
  (options) => {
    expect(() => new FileKeyStore(options as FileKeyStoreOptions)).toThrow(
      expect.objectContaining({ code: "invalid_argument" }) as Error,
    );
  },
);

describe("races", () => {
  test.each(["ecdsap256", "rsa2048_pss"])("processes that ask for a %s key end with one", async (type) => {
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
    expect(new Set(ids)).toEqual(new Set([await idOf(openStore(), "example.com", type as KeyParameters)]));
    expect(await readdir(directory)).toHaveLength(1);
  });

  test.each(types)("stores that ask for a %s key end with one", async (type) => {
    const ids = Array.from({ length: 8 }, () => idOf(openStore(), "example.com", type));
    expect(new Set(await Promise.all(ids)).size).toBe(1);
    expect(await readdir(directory)).toHaveLength(1);
  });

  test("stores that get, delete and clear all the time never fail", async () => {
    const all = Array.from({ length: 4 }, openStore);
    const work = all.map(async (store) => {
      for (let i = 0; i < 20; i++) {
        await store.get("example.com", "ecdsap256");
        if (i % 4 === 0) await store.clear();
        if (i % 4 === 2) await store.delete("example.com");
      }
    });
    await Promise.all(work);
    const ids = await Promise.all(all.map((store) => idOf(store)));
    expect(new Set(ids).size).toBe(1);
    expect(await readdir(directory)).toHaveLength(1);
  });
});

describe.skipIf(isWindows)("modes and owners", () => {
  test("are those of the owner alone, whatever the umask", async () => {
    const mask = process.umask(0);
    await idOf(openStore());
    process.umask(mask);
    expect((await stat(directory)).mode & 0o777).toBe(0o700);
    expect((await stat(await onlyFile())).mode & 0o777).toBe(0o600);
    expect(await readdir(directory)).toHaveLength(1);
  });

  test.each([0o701, 0o702, 0o704, 0o710, 0o720, 0o740, 0o755, 0o777])(
    "a directory that others can use is refused at every use: mode %o",
    async (mode) => {
      const store = openStore();
      const id = await idOf(store);
      await chmod(directory, mode);
      await refused(store, directory, "can be used by other users; set its mode to 0700");
      await chmod(directory, 0o700);
      expect(await idOf(store)).toBe(id);
    },
  );

  test("before a key is written to it", async () => {
    await mkdir(directory, { recursive: true });
    await chmod(directory, 0o755);
    await refused(openStore(), directory, "can be used by other users");
    expect(await readdir(directory)).toEqual([]);
  });

  test.each([0o601, 0o602, 0o604, 0o610, 0o620, 0o640, 0o644, 0o660])(
    "a file that others can use is refused at every use: mode %o",
    async (mode) => {
      const store = openStore();
      const id = await idOf(store);
      const file = await onlyFile();
      await chmod(file, mode);
      await refused(
        store,
        file,
        "can be used by other users; delete it to get a new key, or set its mode to 0600",
      );
      await chmod(file, 0o400);
      expect(await idOf(store)).toBe(id);
    },
  );

  test.skipIf(!isRoot)("a directory or a file of another user is refused", async () => {
    const store = openStore();
    await idOf(store);
    const file = await onlyFile();
    await chown(file, 1234, 1234);
    await refused(store, file, "belongs to another user");
    await chown(file, 0, 0);
    await chown(directory, 1234, 1234);
    await refused(store, directory, "belongs to another user");
  });
});

describe("what is no file of a key", () => {
  test("a directory in place of a file", async () => {
    const store = openStore();
    await idOf(store);
    const file = await onlyFile();
    await rm(file);
    await mkdir(file, { mode: 0o700 });
    await refused(store, file, "is not a file");
    expect(await failure(store.delete("example.com"))).toMatchObject({ code: "key_store" });
  });

  test.skipIf(isWindows)("a pipe, which is not waited for", async () => {
    const store = openStore();
    await idOf(store);
    const file = await onlyFile();
    await rm(file);
    const command = "mkfifo";
    spawnSync(command, ["-m", "600", file]);
    expect((await stat(file)).isFIFO()).toBe(true);
    await refused(store, file, "is not a file");
    // With a writer at its other end too.
    const writer = await open(file, constants.O_RDWR | constants.O_NONBLOCK);
    await refused(store, file, "is not a file");
    await writer.close();
  });

  test.skipIf(isWindows)("a socket", async () => {
    const store = openStore();
    await idOf(store);
    const file = await onlyFile();
    await rm(file);
    const server = createServer();
    onTestFinished(() => {
      server.close();
    });
    // A path of a socket has to be short.
    const path = join(directory, "s");
    await once(server.listen(path), "listening");
    await rename(path, file);
    await chmod(file, 0o600);
    await refused(store, file, "");
  });

  test.skipIf(isWindows)("a link to a file, good or dangling", async () => {
    const store = openStore();
    await idOf(store);
    const file = await onlyFile();
    const elsewhere = join(directory, "../elsewhere");
    await rename(file, elsewhere);
    await symlink(elsewhere, file);
    await refused(store, file, "cannot be read: ELOOP");
    await rm(elsewhere);
    await refused(store, file, "cannot be read: ELOOP");
    await store.delete("example.com");
    expect(await readdir(directory)).toEqual([]);
  });

  test.skipIf(isWindows)("a link to a directory in place of the directory", async () => {
    const store = openStore();
    await idOf(store);
    const elsewhere = join(directory, "../elsewhere");
    await rename(directory, elsewhere);
    await symlink(elsewhere, directory);
    await refused(store, directory, "is not a directory itself");
    await rm(elsewhere, { recursive: true });
    await refused(store, directory, "is not a directory itself");
  });

  test("a directory that cannot be made", async () => {
    await mkdir(join(directory, ".."), { recursive: true });
    await writeFile(directory, "");
    await refused(openStore(), directory, "is not a directory itself");
    expect(await failure(openStore().clear())).toMatchObject({ code: "key_store" });
    expect(await failure(openStore().delete("example.com"))).toMatchObject({ code: "key_store" });
    const below = new FileKeyStore({ directory: join(directory, "below") });
    expect(await failure(idOf(below))).toMatchObject({ code: "key_store" });
  });

  test("a file that is too large is not read", async () => {
    const store = openStore();
    await idOf(store);
    const file = await onlyFile();
    const text = await readFile(file, "utf8");
    await writeFile(file, text.padEnd(128 * 1024));
    expect(await idOf(openStore())).toBe(await idOf(store));
    const handle = await open(file, "r+");
    await handle.truncate(2 ** 40);
    await handle.close();
    await refused(store, file, "is larger than 131072 bytes");
  });

  test("a scope that would make too large a file makes none", async () => {
    const error = await failure(idOf(openStore(), "x".repeat(128 * 1024)));
    expect(error).toMatchObject({
      code: "key_store",
      message: expect.stringContaining("too long") as string,
    });
    expect(await readdir(directory)).toEqual([]);
  });
});

describe("a bad file is named with what to do about it, and nothing in it is shown", () => {
  const contents: [string, (good: string) => string | Promise<string>][] = [
    ["empty", () => ""],
    ["cut off", (good) => good.slice(0, -20)],
    ["cut off in the key", (good) => good.slice(0, good.indexOf('"d": "') + 30)],
    ["with a quotation mark in the key", (good) => good.replace(/("d": ".{20})/, '$1"')],
    ["with a line break in the key", (good) => good.replace(/("d": ".{20})/, "$1\n")],
    [
      "with the key in the place of its type",
      (good) => good.replace(/"kty": "EC"([^]*"d": "([^"]*)")/, '"kty": "$2"$1'),
    ],
    [
      "with the key in the place of its algorithm",
      (good) => good.replace(/"alg": "ES256"([^]*"d": "([^"]*)")/, '"alg": "$2"$1'),
    ],
    [
      "with the key in the place of its curve",
      (good) => good.replace(/"crv": "P-256"([^]*"d": "([^"]*)")/, '"crv": "$2"$1'),
    ],
    [
      "with the key in the place of the scope",
      (good) => good.replace(/"example.com"([^]*"d": "([^"]*)")/, '"$2"$1'),
    ],
    ["no object", () => "null"],
    ["a list", () => "[]"],
    ["without a key", () => '{"scope":"example.com"}'],
    ["with a key that is text", () => '{"scope":"example.com","jwk":"x"}'],
    ["of another scope", (good) => good.replace("example.com", "example.org")],
    ["of another type", async () => entry(await generateKey("rsa2048_pss", { extractable: true }))],
    ["with a private half of another key", (good) => good.replace(/"d": "[^"]{4}/, '"d": "AAAA')],
    ["with a public half that is no point", (good) => good.replace(/"x": "[^"]{4}/, '"x": "AAAA')],
  ];
  test.each(contents)("%s", async (_what, change) => {
    await idOf(openStore());
    const file = await onlyFile();
    const good = await readFile(file, "utf8");
    const secret = (JSON.parse(good) as { jwk: { d: string } }).jwk.d;
    const bad = await change(good);
    expect(bad).not.toBe(good);
    await writeFile(file, bad);
    const error = await failure(idOf(openStore()));
    expect(error).toMatchObject({ code: "key_import" });
    expect(error.message).toContain(file);
    expect(error.message).toContain("delete the file");
    // Newer versions of Node quote what JSON.parse could not read.
    expect(error.cause).toBeUndefined();
    for (let shown: unknown = error; shown instanceof Error; shown = shown.cause) {
      const text = String(shown.stack);
      for (let i = 0; i + 5 <= secret.length; i++) expect(text).not.toContain(secret.slice(i, i + 5));
    }
    await openStore().delete("example.com");
    await idOf(openStore());
  });
});

describe("what a process that died left half done", () => {
  const leave = async (scope: string) => {
    const before = new Set(await readdir(directory).catch(() => []));
    await idOf(openStore(), scope);
    const [name] = (await readdir(directory)).filter((each) => !before.has(each));
    const path = join(directory, `${name!}.5f0f4f0e-7f9c-4b53-9a3c-3d1c7f5f2a11`);
    await writeFile(path, "a private key", { mode: 0o600 });
    return path;
  };

  test("is deleted with its scope, and that of others stays", async () => {
    const own = await leave("example.com");
    const other = await leave("example.org");
    await openStore().delete("example.com");
    await expect(stat(own)).rejects.toMatchObject({ code: "ENOENT" });
    await stat(other);
    expect(await readdir(directory)).toHaveLength(2);
  });

  test("is deleted with its scope when there is no key yet", async () => {
    const own = await leave("example.com");
    await rm(own.replace(/\.[^.]*$/, ""));
    await openStore().delete("example.com");
    expect(await readdir(directory)).toEqual([]);
  });

  test("is cleared, and files of others stay", async () => {
    await leave("example.com");
    await writeFile(join(directory, "notes.txt"), "");
    const similar = `${"a".repeat(63)}.json`;
    await writeFile(join(directory, similar), "");
    await openStore().clear();
    expect((await readdir(directory)).sort()).toEqual([similar, "notes.txt"].sort());
  });
});

test("what is in memory goes with the file", async () => {
  const store = openStore();
  const id = await idOf(store);
  const other = await idOf(store, "example.org");
  await store.delete("example.com");
  expect(await idOf(store)).not.toBe(id);
  expect(await idOf(store, "example.org")).toBe(other);
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
