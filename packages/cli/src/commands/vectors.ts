import { type CaseReport, readVectorFiles, runVectorFile, VectorFileError } from "@tokbind/conformance";
import { print, warn } from "../output.ts";

export interface VectorsOptions {
  readonly json?: boolean | undefined;
}

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
 * @param paths - vector files and directories of them; none means the project's own
 */
export async function vectors(paths: readonly string[], { json }: VectorsOptions): Promise<number> {
  try {
    const groups = new Map<string, GroupSummary>();
    const failures: Failure[] = [];
    for (const file of readVectorFiles(paths)) {
      const reports = await runVectorFile(file);
      count(groups, file.group, reports);
      failures.push(...reports.filter(isFailure).map((report) => failure(file.path, report)));
    }
    const summary = { ok: failures.length === 0, groups: [...groups.values()], failures };
    await print(json ? `${JSON.stringify(summary)}\n` : describe(summary.groups, failures));
    return summary.ok ? 0 : failed;
  } catch (error) {
    if (!(error instanceof VectorFileError)) throw error;
    warn(`tokbind: ${error.message}\n`);
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
  const total: GroupSummary = { group: "total", passed: 0, failed: 0, skipped: 0, total: 0 };
  for (const { passed, failed, skipped, total: all } of groups) {
    total.passed += passed;
    total.failed += failed;
    total.skipped += skipped;
    total.total += all;
  }
  return [...failures.map(describeFailure), ...[...groups, total].map(describeGroup)].join("");
}

function describeFailure({ file, tcId, comment, expected, got }: Failure): string {
  const verdicts = `  expected ${JSON.stringify(expected)}\n  got      ${JSON.stringify(got)}\n`;
  return `FAILED ${file} case ${tcId}: ${comment}\n${verdicts}`;
}

function describeGroup({ group, passed, failed, skipped, total }: GroupSummary): string {
  const notes = [
    failed > 0 ? `, ${failed} failed` : "",
    skipped > 0 ? `, ${skipped} cannot be made here` : "",
  ];
  return `${group.padEnd(20)} ${`${passed}/${total}`.padStart(9)} passed${notes.join("")}\n`;
}
