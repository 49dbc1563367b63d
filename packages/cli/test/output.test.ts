// Every command whose output nobody takes: it ends, says at most one line, and never shows a stack.

import { existsSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { temporaryDirectory } from "@tokbind/testing/vitest";
import { shell, tokbind } from "./support/tokbind.ts";

const ekm = "00".repeat(32);
const vectors = fileURLToPath(new URL("../../../test-vectors/id.json", import.meta.url));

/** A command line of every command, with exit code 0 or 1 by itself. */
async function commandLines(): Promise<string[]> {
  const directory = await temporaryDirectory();
  const key = join(directory, "key.json");
  await tokbind(["keygen", "--out", key]);
  const lines = join(directory, "lines");
  writeFileSync(lines, "{}\n".repeat(5000));
  return [
    "inspect AAAA",
    `inspect --json --ekm ${ekm} AAAA`,
    `verify --ekm ${ekm} AAAA`,
    `verify --jsonl < ${lines}`,
    "keygen",
    `keygen --out ${join(directory, "new.json")}`,
    `sign --ekm ${ekm} --provided ${key}`,
    `vectors ${vectors}`,
    "story --once",
    "story --once --json",
    "--help",
    "--version",
  ];
}

/** Further ones, which would go on if they did not notice. */
const endless = ["serve --port 0", "story"];

const oneLineOrNone = expect.stringMatching(/^(tokbind: [^\n]*\n)?$/) as string;
const aLost = expect.stringMatching(/^tokbind: the new key is lost: [^\n]*\n$/) as string;

test("a full disk: one line on standard error, exit code 1", { timeout: 60_000 }, async () => {
  const stderr = expect.stringMatching(/^tokbind: [^\n]*ENOSPC[^\n]*\n$/) as string;
  for (const line of [...(await commandLines()), ...endless]) {
    const ended = await shell(`tokbind ${line} > /dev/full`);
    expect({ line, ...ended }).toEqual({ line, code: 1, stdout: "", stderr });
  }
});

test("a reader that is gone: exit code 1, quietly unless a key is lost", { timeout: 60_000 }, async () => {
  for (const line of [...(await commandLines()), ...endless]) {
    const ended = await shell(`{ sleep 0.1; tokbind ${line}; } | true`);
    const stderr = line === "keygen" ? aLost : "";
    expect({ line, ...ended }).toEqual({ line, code: 1, stdout: "", stderr });
  }
});

test("a reader that has enough: a batch of endless input ends", async () => {
  const ended = await shell(`set +o pipefail; yes '{}' | tokbind verify --jsonl | head -1`);
  expect(ended).toMatchObject({ code: 0, stderr: "" });
  expect(ended.stdout).toMatch(/^\{"name":null,"accepted":false,[^\n]*\n$/);
});

test(
  "standard output that is closed: no stack, and no key that is lost without a word",
  { timeout: 60_000 },
  async () => {
    for (const line of await commandLines()) {
      const ended = await shell(`tokbind ${line} >&-`);
      const isKey = line === "keygen";
      expect({ line, ...ended }).toEqual({
        line,
        code: isKey ? 1 : (expect.toBeOneOf([0, 1]) as number),
        stdout: "",
        stderr: isKey ? aLost : oneLineOrNone,
      });
    }
  },
);

test("what is thrown away on purpose is done", async () => {
  expect(await shell("tokbind keygen > /dev/null")).toEqual({ code: 0, stdout: "", stderr: "" });
});

test("standard error that is full or closed changes nothing", async () => {
  for (const redirection of ["2> /dev/full", "2>&-", "2> >(true)"]) {
    const ended = await shell(`tokbind nonsense ${redirection}`);
    expect({ redirection, ...ended }).toEqual({ redirection, code: 2, stdout: "", stderr: "" });
  }
});

test("a key goes to its file even when nobody takes the report", async () => {
  const file = join(await temporaryDirectory(), "key.json");
  expect(await shell(`tokbind keygen --out ${file} > /dev/full`)).toMatchObject({ code: 1 });
  expect(existsSync(file)).toBe(true);
  expect(await shell(`tokbind sign --ekm ${ekm} --provided ${file}`)).toMatchObject({ code: 0, stderr: "" });
});

test("a file that takes the first part only: the rest is missed", async () => {
  const output = new URL("../dist/output.js", import.meta.url).href;
  const file = join(await temporaryDirectory(), "output");
  // With the signal handled, a write beyond the limit is cut there, as on a disk that gets full, and the next one fails.
  const program = `process.on("SIGXFSZ", () => {}); const { print } = await import("${output}"); await print("x".repeat(20000)).catch((error) => { console.error(error.name); process.exitCode = 1; });`;
  const ended = await shell(`ulimit -f 8; node --input-type=module --eval '${program}' > ${file}`);
  expect(ended).toEqual({ code: 1, stdout: "", stderr: "OutputError\n" });
  expect(statSync(file).size).toBe(8192);
});
