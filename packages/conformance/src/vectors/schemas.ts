import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv2020, type ErrorObject } from "ajv/dist/2020.js";
import { ownVectors } from "./own-vectors.ts";

/** The JSON Schemas of test-vectors/schemas/, one for each group. */
export class Schemas {
  readonly #ajv = new Ajv2020({ allowUnionTypes: true });

  constructor() {
    const directory = join(ownVectors, "schemas");
    for (const name of readdirSync(directory)) {
      this.#ajv.addSchema(JSON.parse(readFileSync(join(directory, name), "utf8")) as object);
    }
  }

  /** Why a file does not conform to the schema of its group, by case and field; undefined when it does. */
  complaint(group: string, file: Readonly<Record<string, unknown>>): string | undefined {
    const validate = this.#ajv.getSchema(`${group}.schema.json`)!;
    return validate(file) === true ? undefined : describe(file, validate.errors![0]!);
  }
}

function describe(file: Readonly<Record<string, unknown>>, error: ErrorObject): string {
  const [, list, index, ...rest] = error.instancePath.split("/");
  const test =
    list === "tests" && index !== undefined ? (file["tests"] as unknown[])[Number(index)] : undefined;
  const tcId = (test as { tcId?: unknown } | null | undefined)?.tcId;
  const where =
    test === undefined ? "" : `case ${typeof tcId === "number" ? tcId : `at index ${index ?? ""}`}: `;
  const path = (test === undefined ? error.instancePath.slice(1).split("/") : rest).join(".");
  const params = error.params as { additionalProperty?: string };
  const field = [path, params.additionalProperty]
    .filter((part) => part !== undefined && part !== "")
    .join(".");
  return `${where}${field === "" ? "" : `${field}: `}${error.message ?? "is wrong"}`;
}
