import { readFileSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { temporaryDirectory } from "@tokbind/testing/vitest";
import { tokbind } from "./support/tokbind.ts";

interface File {
  $schema: string;
  group: string;
  numberOfTests: number;
  notes: Record<string, object>;
  tests: Record<string, unknown>[];
  [name: string]: unknown;
}

const vectors = new URL("../../../test-vectors/", import.meta.url);

const good = () => {
  const file = JSON.parse(readFileSync(new URL("negotiation-body.json", vectors), "utf8")) as File;
  file.tests = file.tests.slice(0, 13);
  file.numberOfTests = 13;
  return file;
};

/** Writes a file that has been changed. */
async function changed(edit: (file: File) => void): Promise<string> {
  const path = join(await temporaryDirectory(), "changed.json");
  const file = good();
  edit(file);
  await writeFile(path, JSON.stringify(file));
  return path;
}

const run = async (edit: (file: File) => void, ...options: string[]) =>
  tokbind(["vectors", await changed(edit), ...options]);

test("tokbind vectors runs those of the clone and sums up by group", async () => {
  const { code, stdout, stderr } = await tokbind(["vectors", "--json"]);
  expect([code, stderr]).toEqual([0, ""]);
  const { ok, groups, failures } = JSON.parse(stdout) as {
    ok: boolean;
    groups: { group: string; passed: number; failed: number; skipped: number; total: number }[];
    failures: unknown[];
  };
  expect([ok, failures]).toEqual([true, []]);
  expect(groups.map(({ group }) => group).sort()).toEqual([
    ...["bound-cookie", "header", "id", "message", "negotiation-answer", "negotiation-body"],
    ...["negotiation-offer", "published-example", "ttrp-header", "verification"],
  ]);
  for (const { passed, failed, skipped, total } of groups)
    expect([failed, passed + skipped]).toEqual([0, total]);
});

test("files and directories elsewhere, with the same schemas", async () => {
  const { code, stdout } = await run(() => undefined);
  expect([code, stdout]).toEqual([0, expect.stringContaining("13/13 passed")]);
  const directory = join(await temporaryDirectory(), "more");
  await mkdir(directory);
  await writeFile(join(directory, "one.json"), JSON.stringify(good()));
  expect((await tokbind(["vectors", directory])).code).toBe(0);
});

test("a case that does not come out as it should fails the run, with both verdicts", async () => {
  const wrong = (file: File) => {
    Object.assign(file.tests[12]!, { code: "trailing_bytes" });
  };
  const { code, stdout } = await run(wrong);
  expect(code).toBe(1);
  expect(stdout).toContain('"code":"trailing_bytes"');
  expect(stdout).toContain('"code":"truncated"');
  expect(stdout).toMatch(/12\/13 passed, 1 failed/);
  const json = JSON.parse((await run(wrong, "--json")).stdout) as {
    ok: boolean;
    failures: { tcId: number }[];
  };
  expect([json.ok, json.failures.map(({ tcId }) => tcId)]).toEqual([false, [6013]]);
});

test("refused: exit code 1, the reason on standard error", async () => {
  const { code, stdout, stderr } = await run((file) => (file.tests[1]!["extra"] = 1));
  expect([code, stdout]).toEqual([1, ""]);
  expect(stderr).toMatch(/^tokbind: .*changed\.json: case 6002: extra: /);
});

test("refused: no such file, a directory without vectors, no JSON", async () => {
  const directory = await temporaryDirectory();
  const missing = await tokbind(["vectors", join(directory, "none.json")]);
  expect([missing.code, missing.stderr]).toEqual([2, expect.stringContaining("no such file")]);
  expect((await tokbind(["vectors", directory])).code).toBe(2);
  await writeFile(join(directory, "bad.json"), "{");
  const bad = await tokbind(["vectors", directory]);
  expect([bad.code, bad.stderr]).toEqual([1, expect.stringContaining("bad.json: expected a JSON object")]);
});
