import { readFile, writeFile } from "node:fs/promises";
import { temporaryDirectory } from "@tokbind/testing/vitest";
import { basename, join } from "node:path";
import { vectorFiles } from "./vectors.ts";

/** A vector file as it stands in the text. */
export interface VectorJson {
  $schema: string;
  group: string;
  numberOfTests: number;
  notes: Record<string, object>;
  tests: Record<string, unknown>[];
  [name: string]: unknown;
}

/** Writes a vector file with some of its cases and a change, and returns its path. */
export async function changedFile(
  name: string,
  tcIds: readonly number[],
  edit: (file: VectorJson) => void,
): Promise<string> {
  const path = join(await temporaryDirectory(), "changed.json");
  const original = vectorFiles.find((file) => basename(file.path) === name)!;
  const file = JSON.parse(await readFile(original.path, "utf8")) as VectorJson;
  file.tests = file.tests.filter(({ tcId }) => tcIds.includes(tcId as number));
  file.numberOfTests = file.tests.length;
  edit(file);
  await writeFile(path, JSON.stringify(file));
  return path;
}
