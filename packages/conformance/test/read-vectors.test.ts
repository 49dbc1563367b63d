import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readVectorFiles } from "../src/vectors/read-vectors.ts";
import { VectorFileError } from "../src/vectors/vector-file-error.ts";
import { temporaryDirectory } from "@tokbind/testing/vitest";
import { changedFile, type VectorJson } from "./support/changed-file.ts";

const changed = (edit: (file: VectorJson) => void) =>
  changedFile("negotiation-body.json", [6001, 6002, 6013], edit);

test("files, and directories of files, elsewhere", async () => {
  const path = await changed(() => undefined);
  expect(readVectorFiles([path])).toMatchObject([{ path, group: "negotiation-body", numberOfTests: 3 }]);
  expect(readVectorFiles([join(path, "..")])).toMatchObject([{ path, numberOfTests: 3 }]);
});

const refused: [string, (file: VectorJson) => void, string][] = [
  ["an unknown field of a case", (file) => (file.tests[1]!["extra"] = 1), "case 6002: extra: "],
  ["an unknown field of the file", (file) => (file["extra"] = 1), "extra: "],
  [
    "an unknown field of a note",
    (file) => Object.assign(file.notes["Ordinary"]!, { cve: "" }),
    "notes.Ordinary.cve: ",
  ],
  [
    "an unknown field of what is expected",
    (file) => Object.assign(file.tests[0]!["expected"]!, { x: 1 }),
    "case 6001: expected.x: ",
  ],
  [
    "an unknown group",
    (file) => (file.group = "unheard-of"),
    'group: expected one that has a schema, got "unheard-of"',
  ],
  [
    "a schema that is no group",
    (file) => (file.group = "common"),
    'group: expected one that has a schema, got "common"',
  ],
  ["a group that is a path", (file) => (file.group = "../x"), "group: "],
  ["a group that is no text", (file) => Object.assign(file, { group: ["id"] }), "group: "],
  ["a case that is null", (file) => Object.assign(file.tests, { 0: null }), "case at index 0: "],
  ["another group's schema", (file) => (file.$schema = "schemas/id.schema.json"), "$schema: "],
  ["a number that occurs twice", (file) => (file.tests[1]!["tcId"] = 6001), "case 6001: its tcId occurs in "],
  [
    "a flag without a note",
    (file) => (file.tests[1]!["flags"] = ["Unheard"]),
    "case 6002: flags: no note explains Unheard",
  ],
  ["a wrong number of tests", (file) => (file.numberOfTests = 12), "numberOfTests: expected 3, got 12"],
  ["a case without an input", (file) => delete file.tests[1]!["body"], "case 6002: "],
  ["a valid case with a code", (file) => (file.tests[0]!["code"] = "truncated"), "case 6001: "],
  ["an invalid case without a code", (file) => delete file.tests[2]!["code"], "case 6013: "],
  ["hexadecimal in capitals", (file) => (file.tests[0]!["body"] = "0100010A"), "case 6001: body: "],
];

test.each(refused)("refused with file, case and field: %s", async (_name, edit, message) => {
  const path = await changed(edit);
  expect(() => readVectorFiles([path])).toThrow(VectorFileError);
  expect(() => readVectorFiles([path])).toThrow(`${path}: ${message}`);
});

test.each(["group", "notes", "tests"])("refused: JSON that is nested too deeply, in %s", async (field) => {
  const deep = `${"[".repeat(400_000)}${"]".repeat(400_000)}`;
  const path = join(await temporaryDirectory(), "deep.json");
  await writeFile(path, `{"group":"id","${field}":${deep}}`);
  expect(() => readVectorFiles([path])).toThrow(`${path}: expected at most 32 levels of JSON, got more`);
});

test("refused: what is not there, is no file, or is no JSON", async () => {
  const directory = await temporaryDirectory();
  const missing = (path: string) => {
    try {
      readVectorFiles([path]);
    } catch (error) {
      return [(error as VectorFileError).message, (error as VectorFileError).isMissing];
    }
    return undefined;
  };
  const none = join(directory, "none.json");
  expect(missing(none)).toEqual([`${none}: no such file or directory`, true]);
  expect(missing(directory)).toEqual([`${directory}: expected vector files (*.json), got none`, true]);
  const bad = join(directory, "bad.json");
  await writeFile(bad, "{");
  expect(missing(bad)).toEqual([`${bad}: expected a JSON object`, false]);
  const inner = join(directory, "inner");
  const folder = join(inner, "folder.json");
  await mkdir(folder, { recursive: true });
  expect(missing(inner)).toEqual([`${folder}: expected a file or directory`, true]);
  expect(missing("/dev/zero")).toEqual(["/dev/zero: expected a file or directory", true]);
});
