import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { groups } from "./groups/index.ts";
import { ownVectors } from "./own-vectors.ts";
import { Schemas } from "./schemas.ts";
import { VectorFileError } from "./vector-file-error.ts";

/** One case of a vector file. What else it holds depends on the group; the schema has checked it. */
export interface VectorCase {
  /** Unique over all files that are read together. */
  readonly tcId: number;
  readonly comment: string;
  /** Names of notes of the file. */
  readonly flags: readonly string[];
  /** Rows of the registers of requirements and decisions. */
  readonly requirements: readonly string[];
  readonly result: "valid" | "invalid";
  readonly code?: string | undefined;
  readonly alert?: string | undefined;
  readonly expected?: unknown;
}

/** A vector file that conforms to the schema of its group. */
export interface VectorFile {
  readonly path: string;
  readonly group: string;
  readonly notes: Readonly<Record<string, unknown>>;
  readonly numberOfTests: number;
  readonly tests: readonly VectorCase[];
}

// No schema has as many; what is deeper could end a program in the middle of its work.
const maxDepth = 32;

/**
 * Reads vector files, and those in directories, strictly: an unknown field or group, a flag without a note and
 * a number that occurs twice are errors.
 *
 * @param paths - files, and directories of files *.json; none means the vectors that come with this package
 * @throws VectorFileError
 */
export function readVectorFiles(paths: readonly string[] = []): VectorFile[] {
  const schemas = new Schemas();
  const names = (paths.length > 0 ? paths : [ownVectors]).flatMap(filesOf);
  const files = names.map((path) => readVectorFile(path, schemas));
  const seen = new Map<number, string>();
  for (const { path, tests } of files) {
    for (const { tcId } of tests) {
      const before = seen.get(tcId);
      if (before !== undefined) {
        throw new VectorFileError(`${path}: case ${tcId}: its tcId occurs in ${before} already`);
      }
      seen.set(tcId, path);
    }
  }
  return files;
}

function filesOf(path: string): string[] {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) throw new VectorFileError(`${path}: no such file or directory`, true);
  if (!stats.isDirectory()) return [path];
  const names = readdirSync(path).filter((name) => name.endsWith(".json"));
  if (names.length === 0) {
    throw new VectorFileError(`${path}: expected vector files (*.json), got none`, true);
  }
  return names.sort().map((name) => join(path, name));
}

function readVectorFile(path: string, schemas: Schemas): VectorFile {
  const file = parse(path);
  const group = file["group"];
  if (typeof group !== "string" || !groups.has(group)) {
    const got = typeof group === "string" ? JSON.stringify(group) : typeof group;
    throw new VectorFileError(`${path}: group: expected one that has a schema, got ${got}`);
  }
  const complaint = schemas.complaint(group, file);
  if (complaint !== undefined) throw new VectorFileError(`${path}: ${complaint}`);
  const vectors = { ...(file as unknown as VectorFile), path };
  if (vectors.numberOfTests !== vectors.tests.length) {
    const count = vectors.tests.length;
    throw new VectorFileError(`${path}: numberOfTests: expected ${count}, got ${vectors.numberOfTests}`);
  }
  for (const { tcId, flags } of vectors.tests) {
    const unknown = flags.find((flag) => !Object.hasOwn(vectors.notes, flag));
    if (unknown !== undefined) {
      throw new VectorFileError(`${path}: case ${tcId}: flags: no note explains ${unknown}`);
    }
  }
  return vectors;
}

function parse(path: string): Readonly<Record<string, unknown>> {
  // A pipe would keep the program waiting.
  if (!statSync(path).isFile()) throw new VectorFileError(`${path}: expected a file or directory`, true);
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  if (typeof value !== "object" || value === null) {
    throw new VectorFileError(`${path}: expected a JSON object`);
  }
  if (isDeeper(value, maxDepth)) {
    throw new VectorFileError(`${path}: expected at most ${maxDepth} levels of JSON, got more`);
  }
  return value as Readonly<Record<string, unknown>>;
}

/** Level by level, not by recursion: what this is to find is what recursion cannot bear. */
function isDeeper(value: unknown, levels: number): boolean {
  let level: unknown[] = [value];
  for (let depth = 0; depth <= levels; depth++) {
    level = level.flatMap((each) =>
      typeof each === "object" && each !== null ? (Object.values(each) as unknown[]) : [],
    );
  }
  return level.length > 0;
}
