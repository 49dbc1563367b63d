import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Ajv2020, type ErrorObject } from "ajv/dist/2020.js";

/** One case of a vector file. What else it holds depends on the group; the schema has checked it. */
export interface VectorCase {
  readonly tcId: number;
  readonly comment: string;
  readonly flags: readonly string[];
  readonly requirements: readonly string[];
  readonly result: "valid" | "invalid";
  readonly code?: string;
  readonly alert?: string;
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

/** A vector file that cannot be run; the message names the file, the case and the field. */
export class VectorFileError extends Error {
  override readonly name = "VectorFileError";
  /** Whether the caller named a file that is not there. */
  readonly isMissing: boolean;

  constructor(message: string, isMissing = false) {
    super(message);
    this.isMissing = isMissing;
  }
}

/** test-vectors/ of the clone that this program runs in. */
export const ownVectors = fileURLToPath(new URL("../../../../test-vectors", import.meta.url));

/**
 * Reads vector files, and those in directories, strictly: an unknown field or group, a flag without a note and
 * a number that occurs twice are errors.
 *
 * @param paths - files and directories; none means test-vectors/ of the clone
 * @throws VectorFileError
 */
export function readVectorFiles(paths: readonly string[]): VectorFile[] {
  const files = (paths.length > 0 ? paths : [ownVectors]).flatMap(filesOf).map(readVectorFile);
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
  if (!existsSync(path)) throw new VectorFileError(`${path}: no such file or directory`, true);
  if (!statSync(path).isDirectory()) return [path];
  const names = readdirSync(path).filter((name) => name.endsWith(".json"));
  if (names.length === 0)
    throw new VectorFileError(`${path}: expected vector files (*.json), got none`, true);
  return names.sort().map((name) => join(path, name));
}

function readVectorFile(path: string): VectorFile {
  const file = parse(path);
  const group: unknown = file["group"];
  const validate = schemas(path).getSchema(`${String(group)}.schema.json`);
  if (typeof group !== "string" || validate === undefined) {
    throw new VectorFileError(`${path}: group: expected one that has a schema, got ${JSON.stringify(group)}`);
  }
  if (validate(file) !== true) throw new VectorFileError(`${path}: ${describe(file, validate.errors?.[0])}`);
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

function parse(path: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(readFileSync(path, "utf8"));
    if (typeof value === "object" && value !== null) return value as Record<string, unknown>;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw new VectorFileError(`${path}: expected a JSON object`);
}

/** The schemas of the clone; a copy of test-vectors/ elsewhere brings its own. */
function schemas(path: string): Ajv2020 {
  const own = join(ownVectors, "schemas");
  const directory = existsSync(own) ? own : join(dirname(path), "schemas");
  if (!existsSync(directory))
    throw new VectorFileError(`${directory}: expected the schemas there, got none`, true);
  const ajv = new Ajv2020({ allowUnionTypes: true });
  for (const name of readdirSync(directory)) {
    ajv.addSchema(JSON.parse(readFileSync(join(directory, name), "utf8")) as object);
  }
  return ajv;
}

function describe(file: Record<string, unknown>, error: ErrorObject | undefined): string {
  if (error === undefined) return "does not conform to its schema";
  const [, list, index, ...rest] = error.instancePath.split("/");
  const test =
    list === "tests" && index !== undefined ? (file["tests"] as unknown[])[Number(index)] : undefined;
  const tcId = (test as { tcId?: unknown } | undefined)?.tcId;
  const where =
    test === undefined ? "" : `case ${typeof tcId === "number" ? tcId : `at index ${index ?? ""}`}: `;
  const path = (test === undefined ? error.instancePath.slice(1).split("/") : rest).join(".");
  const params = error.params as { additionalProperty?: string };
  const field = [path, params.additionalProperty]
    .filter((part) => part !== undefined && part !== "")
    .join(".");
  return `${where}${field === "" ? "" : `${field}: `}${error.message ?? "is wrong"}`;
}
