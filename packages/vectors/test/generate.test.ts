import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { files } from "../src/files.ts";

const directory = new URL("../../../test-vectors/", import.meta.url);

interface File {
  notes: Record<string, unknown>;
  tests: { tcId: number; flags: string[]; requirements: string[] }[];
}

const read = (name: string) => readFileSync(new URL(name, directory), "utf8");

test("generating again gives the committed files, byte for byte", () => {
  const generated = files();
  for (const [name, text] of generated) expect(text === read(name), name).toBe(true);
  const committed = readdirSync(directory).filter((name) => name.endsWith(".json"));
  expect(committed.sort()).toEqual([...generated.keys(), "published-examples.json"].sort());
});

test("every note is used, and every requirement is a row of the documents", () => {
  const docs = new URL("../../../docs/register/", import.meta.url);
  const documents = ["requirements.md", "decisions.md"].map((name) =>
    readFileSync(new URL(name, docs), "utf8"),
  );
  const rows = new Set(documents.join("\n").match(/(?<=^\| )[A-Z0-9]+-[\w.-]+(?= *\|)|(?<=^- \*\*)A-\d+/gm));
  for (const name of readdirSync(directory).filter((name) => name.endsWith(".json"))) {
    const { notes, tests } = JSON.parse(read(name)) as File;
    expect(new Set(tests.flatMap(({ flags }) => flags)), name).toEqual(new Set(Object.keys(notes)));
    const named = tests.flatMap(({ requirements }) => requirements);
    expect(
      named.filter((id) => !rows.has(id)),
      name,
    ).toEqual([]);
  }
});
