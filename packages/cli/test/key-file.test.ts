import {
  chmodSync,
  chownSync,
  readFileSync,
  readdirSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { inspect } from "node:util";
import type { TokenBindingError } from "@tokbind/codec";
import { expect, test } from "vitest";
import { readKeyFile, writeKeyFile } from "../src/key-file.ts";
import { temporaryDirectory } from "@tokbind/testing/vitest";
import { shell, tokbind } from "./support/tokbind.ts";

const ekm = "00".repeat(32);
const sign = (file: string) => tokbind(["sign", "--ekm", ekm, "--provided", file]);
const refused = (code: number, stderr: RegExp) => ({
  code,
  stdout: "",
  stderr: expect.stringMatching(stderr) as string,
});

async function keyFile(): Promise<string> {
  const file = join(await temporaryDirectory(), "key.json");
  expect((await tokbind(["keygen", "--out", file])).code).toBe(0);
  return file;
}

test("keygen --out makes a file of its own and leaves alone what is there", async () => {
  const file = await keyFile();
  expect(statSync(file).mode & 0o777).toBe(0o600);
  const before = readFileSync(file);
  expect(await tokbind(["keygen", "--out", file])).toEqual(
    refused(
      1,
      /^tokbind: [^\n]*key\.json: the key cannot be written: EEXIST; no key is overwritten[^\n]*\n$/,
    ),
  );
  expect(readFileSync(file)).toEqual(before);
  expect(readdirSync(join(file, ".."))).toEqual(["key.json"]);
});

test("keygen --out follows no link, wherever it leads", async () => {
  const directory = await temporaryDirectory();
  const [target, link, dangling] = ["target", "link", "dangling"].map((name) => join(directory, name));
  writeFileSync(target!, "precious");
  symlinkSync(target!, link!);
  symlinkSync(join(directory, "elsewhere"), dangling!);
  expect(await tokbind(["keygen", "--out", link!])).toEqual(refused(1, /EEXIST/));
  expect(await tokbind(["keygen", "--out", dangling!])).toEqual(refused(1, /EEXIST/));
  expect(await tokbind(["keygen", "--out", join(directory, "none", "key")])).toEqual(refused(1, /ENOENT\n$/));
  expect(readFileSync(target!, "utf8")).toBe("precious");
  expect(readdirSync(directory).sort()).toEqual(["dangling", "link", "target"]);
});

test("a key whose writing fails leaves no file", async () => {
  const file = join(await temporaryDirectory(), "key.json");
  // Text that cannot be written, where a disk that is full would say no.
  await expect(writeKeyFile(file, 7 as unknown as string)).rejects.toMatchObject({ code: "key_store" });
  expect(readdirSync(join(file, ".."))).toEqual([]);
});

test.each([0o640, 0o604, 0o620, 0o602, 0o610, 0o601])("a key file of mode %o is refused", async (mode) => {
  const file = await keyFile();
  chmodSync(file, mode);
  expect(await sign(file)).toEqual(refused(1, /other users can use the key;[^\n]* chmod 600 it\n$/));
  chmodSync(file, 0o600);
  expect((await sign(file)).code).toBe(0);
  chmodSync(file, 0o400);
  expect((await sign(file)).code).toBe(0);
});

test("a referred key is looked at just so", async () => {
  const [own, other] = [await keyFile(), await keyFile()];
  chmodSync(other, 0o644);
  const args = ["sign", "--ekm", ekm, "--provided", own, "--referred", other];
  expect(await tokbind(args)).toEqual(refused(1, /chmod 600/));
});

test.runIf(process.getuid?.() === 0)("a key file of another user is refused", async () => {
  const file = await keyFile();
  chownSync(file, 65534, 65534);
  expect(await sign(file)).toEqual(refused(1, /belongs to another user/));
});

test("what is no regular file, or far too long, is refused without reading it", async () => {
  const directory = await temporaryDirectory();
  const pipe = join(directory, "pipe");
  await shell(`mkfifo -m 600 ${pipe}`);
  for (const file of [pipe, directory, "/dev/zero"]) {
    expect(await sign(file)).toEqual(refused(1, /expected a regular file\n$/));
  }
  expect(await sign(join(directory, "none"))).toEqual(refused(1, /the key cannot be read: ENOENT\n$/));
  const long = join(directory, "long");
  writeFileSync(long, " ".repeat(16_385), { mode: 0o600 });
  expect(await sign(long)).toEqual(refused(1, /expected a key of at most 16384 bytes, got more\n$/));
});

test("a broken key file is named, and no part of it is shown, not even in a cause", async () => {
  const file = await keyFile();
  const secret = (JSON.parse(readFileSync(file, "utf8")) as { d: string }).d;
  for (const text of [
    "",
    secret,
    `{"d":"${secret}"`,
    `{"d":"${secret}"}`,
    `{"kty":"EC","alg":"ES256","d":"${secret}"}`,
    `[{"d":"${secret}"}]`,
    `{"d":"${secret}","alg":${"[".repeat(8000)}${"]".repeat(8000)}}`,
    `"${secret}"`,
    "null",
  ]) {
    writeFileSync(file, text);
    expect(await sign(file)).toEqual(refused(1, /^tokbind: [^\n]*key\.json: expected a key from [^\n]*\n$/));
    const error = await readKeyFile(file).catch((error: unknown) => error as TokenBindingError);
    expect(error).toMatchObject({ code: "key_import" });
    // Errors of JSON.parse quote some ten characters.
    expect(inspect(error, { depth: Infinity, showHidden: true })).not.toContain(secret.slice(0, 8));
  }
});
