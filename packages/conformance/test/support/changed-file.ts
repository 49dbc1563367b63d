import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { onTestFinished } from "vitest";
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

/** An empty directory that goes with the test. */
export async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "tokbind-test-"));
  onTestFinished(() => rm(directory, { recursive: true }));
  return directory;
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
