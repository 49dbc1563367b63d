import { test } from "vitest";
import { readVectorFiles, type VectorCase, type VectorFile } from "../../src/vectors/read-vectors.ts";
import { runCase } from "../../src/vectors/run-vectors.ts";

export const vectorFiles = readVectorFiles();

/** The members of a case that the tests look at. */
interface Inputs {
  readonly ekm?: string | null;
  readonly negotiated?: string;
  readonly verifyUnknownTypes?: true;
  readonly limits?: object;
  readonly message?: string;
  readonly fields?: readonly string[];
}

export type Case = VectorCase & Inputs;

/** Each file by its name. */
export function byName(files: readonly VectorFile[]): (readonly [string, VectorFile])[] {
  return files.map((file) => [file.path.replace(/^.*[/\\]/, ""), file] as const);
}

/** One test for each case, named with the requirements that it shows. */
export function testCases({ group, tests }: VectorFile): void {
  test.for(tests.map((test) => [title(test), test] as const))("%s", async ([, vector], { expect, skip }) => {
    const { outcome, passed } = await runCase(group, vector);
    if ("skipped" in outcome) skip(outcome.skipped);
    expect(passed, `${JSON.stringify(outcome)} for ${JSON.stringify(vector)}`).toBe(true);
  });
}

export function title({ tcId, comment, requirements }: VectorCase): string {
  return `${requirements.map((id) => `[${id}] `).join("")}${tcId} ${comment.replaceAll("%", "%%")}`;
}
