import { afterAll, test } from "vitest";
import { groupRunner, isAsExpected } from "../../src/vectors/run-vectors.ts";
import {
  ownVectors,
  readVectorFiles,
  type VectorCase,
  type VectorFile,
} from "../../src/vectors/vector-file.ts";

export const vectorFiles = readVectorFiles([ownVectors]);

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

/** The Sec-Token-Binding value of a case that has one. */
export function headerValue({ message, fields }: Case): string | undefined {
  return message ?? (fields?.length === 1 ? fields[0] : undefined);
}

/** One test for each case, named with the requirements that it shows. */
export function testCases(file: VectorFile): void {
  const runner = groupRunner(file.group);
  test.for(file.tests.map((test) => [title(test), test] as const))(
    "%s",
    async ([, vector], { expect, skip }) => {
      const outcome = await (await runner).run(vector as never);
      if ("skipped" in outcome) skip(outcome.skipped);
      expect(isAsExpected(vector, outcome), `${JSON.stringify(outcome)} for ${JSON.stringify(vector)}`).toBe(
        true,
      );
    },
  );
  afterAll(async () => {
    (await runner).close?.();
  });
}

function title({ tcId, comment, requirements }: VectorCase): string {
  return `${requirements.map((id) => `[${id}] `).join("")}${tcId} ${comment.replaceAll("%", "%%")}`;
}
