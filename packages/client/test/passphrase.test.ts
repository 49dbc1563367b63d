import { createDecipheriv, createHmac, scryptSync } from "node:crypto";
import { chmod, cp, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { encodeBase64url } from "@tokbind/codec";
import { temporaryDirectory } from "@tokbind/testing/vitest";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { FileKeyStore, type FileKeyStoreOptions } from "../src/index.ts";
import { failure } from "./support/agents.ts";

const passphrase = "correct horse battery staple";
const idOf = async (store: FileKeyStore, scope = "example.com") =>
  encodeBase64url((await store.get(scope, "ecdsap256")).id.bytes);

let template: string;
let id: string;
// Once: to derive a key takes long, on purpose.
beforeAll(async () => {
  template = join(await mkdtemp(join(tmpdir(), "tokbind-test-")), "keys");
  id = await idOf(new FileKeyStore({ directory: template, passphrase }));
});
afterAll(() => rm(dirname(template), { recursive: true }));

/** A directory with one encrypted key. */
async function stored(): Promise<{
  directory: string;
  openStore: (passphrase?: string) => FileKeyStore;
  keyFile: string;
  header: string;
}> {
  const directory = join(await temporaryDirectory(), "keys");
  await cp(template, directory, { recursive: true });
  await chmod(directory, 0o700);
  const openStore = (passphrase?: string) => new FileKeyStore({ directory, passphrase });
  const name = (await readdir(directory)).find((each) => /^[0-9a-f]{64}\.json$/.test(each))!;
  return { directory, openStore, keyFile: join(directory, name), header: join(directory, "passphrase.json") };
}

const bytes = (text: string) => Buffer.from(text, "base64url");

interface Header {
  readonly kdf: string;
  readonly N: number;
  readonly r: number;
  readonly p: number;
  readonly salt: string;
  readonly check: string;
}

test("another store with the passphrase has the same key, in files of mode 0600", async () => {
  const { directory, openStore } = await stored();
  expect(await idOf(openStore(passphrase))).toBe(id);
  const names = await readdir(directory);
  expect(names).toHaveLength(2);
  for (const name of names) expect((await stat(join(directory, name))).mode & 0o777).toBe(0o600);
  expect((await openStore(passphrase).list()).map(({ scope }) => scope)).toEqual(["example.com"]);
});

test("neither the key nor its site is in clear, and the format is what is said", async () => {
  const { keyFile, header } = await stored();
  const text = await readFile(keyFile, "utf8");
  expect(text).not.toContain("example");
  expect(text).not.toContain("P-256");
  const { sealed } = JSON.parse(text) as { sealed: string };
  const { N, r, p, salt, check } = JSON.parse(await readFile(header, "utf8")) as Header;
  expect({ N, r, p, salt: bytes(salt).length }).toEqual({ N: 131_072, r: 8, p: 1, salt: 16 });
  const derived = scryptSync(passphrase, bytes(salt), 64, { N, r, p, maxmem: 2 ** 28 });
  const parameters = ["scrypt", N, r, p, salt];
  const mac = createHmac("sha256", derived.subarray(32)).update(JSON.stringify(parameters)).digest();
  expect(mac.equals(bytes(check))).toBe(true);
  const content = bytes(sealed);
  const opened = createDecipheriv("aes-256-gcm", derived.subarray(0, 32), content.subarray(0, 12));
  opened.setAAD(Buffer.from(JSON.stringify([parameters, keyFile.slice(-69)])));
  opened.setAuthTag(content.subarray(-16));
  const entry = Buffer.concat([opened.update(content.subarray(12, -16)), opened.final()]).toString();
  expect(JSON.parse(entry)).toMatchObject({ scope: "example.com", jwk: { kty: "EC" } });
});

describe("a wrong passphrase", () => {
  test("is named, makes no key, and leaves all as it is", async () => {
    const { directory, openStore } = await stored();
    const before = await readdir(directory);
    for (const wrong of ["correct horse battery stable", `${passphrase} `]) {
      for (const scope of ["example.com", "example.org"]) {
        const error = await failure(idOf(openStore(wrong), scope));
        expect(error).toMatchObject({ code: "key_store" });
        expect(error.message).toContain(directory);
        expect(error.message).toContain("encrypted with another passphrase");
        expect(error.message).not.toContain(wrong);
      }
    }
    expect(await failure(openStore("wrong").list())).toMatchObject({ code: "key_store" });
    expect(await readdir(directory)).toEqual(before);
    expect(await idOf(openStore(passphrase))).toBe(id);
  });

  test("or none is no hindrance to deleting", async () => {
    const { directory, openStore } = await stored();
    expect((await failure(idOf(openStore()))).message).toContain("expected their passphrase, got none");
    await openStore().delete("example.com");
    expect(await readdir(directory)).toEqual(["passphrase.json"]);
    await idOf(openStore(passphrase));
    await openStore("wrong").clear();
    expect(await readdir(directory)).toEqual(["passphrase.json"]);
  });

  test.each([{ passphrase: "" }, { passphrase: 5 }, { passphrase: Buffer.from("x") }])(
    "options %j are refused",
    (options) => {
      const given = { directory: "keys", ...options } as FileKeyStoreOptions;
      expect(() => new FileKeyStore(given)).toThrow(
        expect.objectContaining({ code: "invalid_argument" }) as Error,
      );
    },
  );

  test("is not one that can be typed in two ways", async () => {
    const directory = join(await temporaryDirectory(), "keys");
    const id = await idOf(new FileKeyStore({ directory, passphrase: "caf\u00e9" }));
    expect(await idOf(new FileKeyStore({ directory, passphrase: "cafe\u0301" }))).toBe(id);
  });
});

test("keys in clear are neither taken for encrypted ones nor left among them", async () => {
  const directory = join(await temporaryDirectory(), "keys");
  const open = new FileKeyStore({ directory });
  const id = await idOf(open);
  for (const scope of ["example.com", "example.org"]) {
    const error = await failure(idOf(new FileKeyStore({ directory, passphrase }), scope));
    expect(error).toMatchObject({
      code: "key_store",
      message: expect.stringContaining("not encrypted") as string,
    });
  }
  expect(await idOf(open)).toBe(id);
  expect(await readdir(directory)).toHaveLength(1);
});

test("a key in clear that somebody put in its place is refused", async () => {
  const { openStore, keyFile } = await stored();
  const other = join(await temporaryDirectory(), "keys");
  await idOf(new FileKeyStore({ directory: other }));
  const [name] = await readdir(other);
  await writeFile(keyFile, await readFile(join(other, name!)));
  const error = await failure(idOf(openStore(passphrase)));
  expect(error).toMatchObject({ code: "key_import", message: expect.stringContaining("in clear") as string });
});

test("an encrypted key of another scope, or without its header, is refused", async () => {
  const { directory, openStore, keyFile, header } = await stored();
  await idOf(openStore(passphrase), "example.org");
  const other = (await readdir(directory)).find(
    (each) => /^[0-9a-f]{64}/.test(each) && !keyFile.endsWith(each),
  )!;
  const text = await readFile(keyFile);
  await writeFile(keyFile, await readFile(join(directory, other)));
  expect(await failure(idOf(openStore(passphrase)))).toMatchObject({ code: "key_import" });
  await writeFile(keyFile, text);
  await writeFile(header, "");
  expect(await failure(idOf(openStore(passphrase)))).toMatchObject({ code: "key_store" });
  expect(await failure(idOf(openStore()))).toMatchObject({ code: "key_store" });
});

describe("a changed file", () => {
  test("of a key is refused, whatever was changed in it", async () => {
    const { openStore, keyFile } = await stored();
    const store = openStore(passphrase);
    await idOf(store);
    const good = await readFile(keyFile);
    await fc.assert(
      fc.asyncProperty(
        fc.nat(good.length - 1),
        fc.integer({ min: 1, max: 255 }),
        fc.boolean(),
        async (at, bits, cut) => {
          const bad = cut ? good.subarray(0, at) : Buffer.from(good);
          if (!cut) bad[at]! ^= bits;
          await writeFile(keyFile, bad);
          const result = await idOf(store).catch((error: unknown) => {
            expect(error).toMatchObject({
              code: "key_import",
              message: expect.stringContaining(keyFile) as string,
            });
            return undefined;
          });
          // White space around the JSON means nothing.
          if (result !== undefined) expect(JSON.parse(String(bad))).toEqual(JSON.parse(String(good)));
        },
      ),
      { numRuns: 300 },
    );
    await writeFile(keyFile, good);
    expect(await idOf(store)).toBe(id);
  });

  const changes: [string, (header: Header) => object | string][] = [
    ["less work", (header) => ({ ...header, N: 2 ** 16 })],
    ["far less work", (header) => ({ ...header, N: 2 })],
    ["far more work", (header) => ({ ...header, N: 2 ** 30 })],
    ["N that is no power of two", (header) => ({ ...header, N: 100_000 })],
    ["N that is text", (header) => ({ ...header, N: "131072" })],
    ["another r", (header) => ({ ...header, r: 2 ** 20 })],
    ["another p", (header) => ({ ...header, p: 1000 })],
    ["another function", (header) => ({ ...header, kdf: "md5" })],
    ["another salt", (header) => ({ ...header, salt: "A".repeat(22) })],
    ["a short salt", (header) => ({ ...header, salt: "AAAA" })],
    ["a salt that is no base64url", (header) => ({ ...header, salt: "=".repeat(22) })],
    ["another check", (header) => ({ ...header, check: "A".repeat(43) })],
    ["no check", (header) => ({ ...header, check: undefined })],
    ["nothing", () => ""],
    ["null", () => "null"],
    ["a list", () => "[]"],
  ];
  test.each(changes)("of parameters is refused: %s", async (_what, change) => {
    const { directory, openStore, header } = await stored();
    const changed = change(JSON.parse(await readFile(header, "utf8")) as Header);
    await writeFile(header, typeof changed === "string" ? changed : JSON.stringify(changed));
    const error = await failure(idOf(openStore(passphrase)));
    expect(error).toMatchObject({ code: "key_store", message: expect.stringContaining(directory) as string });
    expect(await readdir(directory)).toHaveLength(2);
  });
});

test("stores that ask at the same time agree on the header and on the key", async () => {
  const directory = join(await temporaryDirectory(), "keys");
  const stores = Array.from({ length: 3 }, () => new FileKeyStore({ directory, passphrase }));
  const ids = await Promise.all(
    stores.flatMap((store) => [idOf(store), idOf(store, "example.org"), idOf(store)]),
  );
  expect(new Set(ids).size).toBe(2);
  expect(await readdir(directory)).toHaveLength(3);
});

test("a directory that was removed under a store gets a header again", async () => {
  const { directory, openStore } = await stored();
  const store = openStore(passphrase);
  await idOf(store);
  await rm(directory, { recursive: true });
  const renewed = await idOf(store);
  expect(renewed).not.toBe(id);
  expect(await idOf(openStore(passphrase))).toBe(renewed);
});

test("a thousand hosts, with one derivation", async () => {
  const directory = join(await temporaryDirectory(), "keys");
  const store = new FileKeyStore({ directory, passphrase });
  const hosts = Array.from({ length: 1000 }, (_value, i) => `host${i}.example`);
  const ids = new Set(await Promise.all(hosts.map((host) => idOf(store, host))));
  expect(ids.size).toBe(1000);
  expect((await store.list()).map(({ scope }) => scope).sort()).toEqual([...hosts].sort());
  await store.clear();
  expect(await readdir(directory)).toEqual(["passphrase.json"]);
});
