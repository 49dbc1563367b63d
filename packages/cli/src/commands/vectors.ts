import { type CaseReport, runVectorFile } from "../vectors/run-vectors.ts";
import { readVectorFiles, VectorFileError } from "../vectors/vector-file.ts";

const failed = 1;
const wrongUsage = 2;

interface GroupSummary {
  readonly group: string;
  passed: number;
  failed: number;
  skipped: number;
  total: number;
}

interface Failure {
  readonly file: string;
  readonly tcId: number;
  readonly comment: string;
  readonly expected: unknown;
  readonly got: unknown;
}

/**
 * `tokbind vectors`: runs test vectors and prints a summary per group. Exit code 1 when a case fails or a file
 * does not conform to its schema, 2 when there is no such file.
 *
 * @param paths - vector files and directories of them; none means test-vectors/ of the clone
 */
export async function vectors(paths: string[], options: { json?: boolean }): Promise<number> {
  try {
    const files = readVectorFiles(paths);
    const groups = new Map<string, GroupSummary>();
    const failures: Failure[] = [];
    for (const file of files) {
      const reports = await runVectorFile(file);
      count(groups, file.group, reports);
      failures.push(...reports.filter(isFailure).map((report) => failure(file.path, report)));
    }
    const summary = { ok: failures.length === 0, groups: [...groups.values()], failures };
    process.stdout.write(options.json ? `${JSON.stringify(summary)}\n` : describe(summary.groups, failures));
    return summary.ok ? 0 : failed;
  } catch (error) {
    if (!(error instanceof VectorFileError)) throw error;
    process.stderr.write(`tokbind: ${error.message}\n`);
    return error.isMissing ? wrongUsage : failed;
  }
}

const isSkipped = ({ outcome }: CaseReport) => "skipped" in outcome;
const isFailure = (report: CaseReport) => !report.passed && !isSkipped(report);

function count(groups: Map<string, GroupSummary>, group: string, reports: readonly CaseReport[]): void {
  const summary = groups.get(group) ?? { group, passed: 0, failed: 0, skipped: 0, total: 0 };
  groups.set(group, summary);
  summary.total += reports.length;
  summary.passed += reports.filter(({ passed }) => passed).length;
  summary.skipped += reports.filter(isSkipped).length;
  summary.failed += reports.filter(isFailure).length;
}

function failure(file: string, { test, outcome }: CaseReport): Failure {
  const { tcId, comment, result, code, alert, expected } = test;
  return { file, tcId, comment, expected: { result, code, alert, expected }, got: outcome };
}

function describe(groups: readonly GroupSummary[], failures: readonly Failure[]): string {
  const lines = failures.map(
    ({ file, tcId, comment, expected, got }) =>
      `FAILED ${file} case ${tcId}: ${comment}\n  expected ${JSON.stringify(expected)}\n  got      ${JSON.stringify(got)}\n`,
  );
  const sum = { group: "total", passed: 0, failed: 0, skipped: 0, total: 0 };
  for (const summary of [...groups, sum]) {
    const { group, passed, failed, skipped, total } = summary;
    const notes = [failed > 0 ? `${failed} failed` : "", skipped > 0 ? `${skipped} cannot be made here` : ""];
    const note = notes.filter((text) => text !== "").join(", ");
    lines.push(
      `${group.padEnd(20)} ${`${passed}/${total}`.padStart(9)} passed${note === "" ? "" : `, ${note}`}\n`,
    );
    if (summary !== sum) {
      sum.passed += passed;
      sum.failed += failed;
      sum.skipped += skipped;
      sum.total += total;
    }
  }
  return lines.join("");
}
