import { isDeepStrictEqual } from "node:util";
import { groups } from "./groups/index.ts";
import { type Outcome, outcomeOfError } from "./outcome.ts";
import type { VectorCase, VectorFile } from "./read-vectors.ts";

/** A case, what happened to it, and whether that is what it asks for. */
export interface CaseReport {
  readonly test: VectorCase;
  readonly outcome: Outcome;
  readonly passed: boolean;
}

/**
 * Runs every case of a file through the library, one after the other, each by itself. Handshakes and field values go
 * over loopback as well.
 *
 * @example
 * for (const file of readVectorFiles()) {
 *   for (const { test, passed } of await runVectorFile(file)) console.log(test.tcId, passed);
 * }
 */
export async function runVectorFile(file: VectorFile): Promise<CaseReport[]> {
  const reports: CaseReport[] = [];
  for (const test of file.tests) reports.push(await runCase(file.group, test));
  return reports;
}

/** Runs one case of a group. Whatever happens is an outcome: one case never ends the run of the others. */
export async function runCase(group: string, test: VectorCase): Promise<CaseReport> {
  let outcome: Outcome;
  try {
    outcome = await groups.get(group)!(test as never);
  } catch (error) {
    outcome = outcomeOfError(error);
  }
  return { test, outcome, passed: isExpected(test, outcome) };
}

function isExpected({ result, code, alert, expected }: VectorCase, outcome: Outcome): boolean {
  if ("skipped" in outcome || "failed" in outcome) return false;
  const wanted =
    result === "valid" ? { result, expected } : { result, ...(alert === undefined ? { code } : { alert }) };
  // Through JSON, since the outcome may have members that are undefined.
  return isDeepStrictEqual(JSON.parse(JSON.stringify(outcome)), wanted);
}
