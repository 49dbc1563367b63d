// Whatever a case does, it is an outcome of that case: the others run.

import { expect, test } from "vitest";
import { readVectorFiles } from "../src/vectors/read-vectors.ts";
import { runVectorFile } from "../src/vectors/run-vectors.ts";
import { changedFile, type VectorJson } from "./support/changed-file.ts";
import { vectorFiles } from "./support/vectors.ts";

/** The reports of the first cases of a file after a change to the first of them. */
async function run(name: string, change: (test: Record<string, unknown>, file: VectorJson) => void) {
  const tests = vectorFiles.find(({ path }) => path.endsWith(`/${name}`))!.tests;
  const numbers = tests.slice(0, 3).map(({ tcId }) => tcId);
  const path = await changedFile(name, numbers, (file) => {
    change(file.tests[0]!, file);
  });
  const reports = await runVectorFile(readVectorFiles([path])[0]!);
  expect(reports.map(({ test }) => test.tcId)).toEqual(numbers);
  return reports;
}

const restPasses = [true, true];

test("another verdict than the expected one", async () => {
  const [first, ...rest] = await run("negotiation-body.json", (test) => (test["body"] = "010001"));
  expect(first).toMatchObject({ passed: false, outcome: { result: "invalid", code: "truncated" } });
  expect(rest.map(({ passed }) => passed)).toEqual(restPasses);
});

test("the right verdict, and something else established", async () => {
  const [first] = await run("id.json", (test) => {
    (test["expected"] as { tbh: string }).tbh = "A".repeat(43);
  });
  expect(first).toMatchObject({ passed: false, outcome: { result: "valid" } });
});

test("a published example that differs from what its document shows", async () => {
  const examples = vectorFiles.find(({ group }) => group === "published-example")!.tests;
  const example = examples.find(
    (test) => "providedId" in (test as unknown as { published: object }).published,
  )!;
  const path = await changedFile(
    "published-examples.json",
    examples.map(({ tcId }) => tcId),
    (file) => {
      const test = file.tests.find(({ tcId }) => tcId === example.tcId)!;
      Object.assign(test["published"] as object, { providedId: "AgBB" });
    },
  );
  const reports = await runVectorFile(readVectorFiles([path])[0]!);
  const failed = expect.stringMatching(/^published providedId: expected "AgBB", got "/) as string;
  expect(reports.filter(({ passed }) => !passed)).toMatchObject([
    { test: { tcId: example.tcId }, outcome: { failed } },
  ]);
  expect(reports).toHaveLength(examples.length);
});

test("a handshake that ends without an alert, or that no client here can begin", async () => {
  const [tooLong, ...rest] = await run(
    "negotiation-offer.json",
    (test) => (test["offer"] = "00".repeat(65_536)),
  );
  expect(tooLong).toMatchObject({
    passed: false,
    outcome: { code: "invalid_argument" },
  });
  expect(rest.map(({ passed }) => passed)).toEqual(restPasses);
  const [foreign] = await run("negotiation-answer.json", (test) => (test["offer"] = "000d0102"));
  expect(foreign).toMatchObject({
    passed: false,
    outcome: { skipped: "a client here does not make that offer" },
  });
});
