// `npm run fuzz -- [--seconds N] [--seed N] [--only INDEX]`: mutants until it is stopped, one line of progress
// every few seconds. On a finding it prints a dump and exits with 1; seed and index make the mutant again.

import { parseArgs } from "node:util";
import { Fuzzer, type Progress, type Report } from "./fuzz.ts";
import { subject } from "./subject.ts";

const { values } = parseArgs({
  options: { seconds: { type: "string" }, seed: { type: "string" }, only: { type: "string" } },
});
const seed = values.seed === undefined ? Date.now() % 2 ** 31 : wholeNumber("seed", values.seed);
const seconds = values.seconds === undefined ? Infinity : wholeNumber("seconds", values.seconds);
const progressEvery = 5000;

// Most mutants end in an error, and nobody reads its stack.
Error.stackTraceLimit = 0;

const fuzzer = new Fuzzer(subject, seed);
const report = values.only === undefined ? run() : fuzzer.only(wholeNumber("only", values.only));
if (report !== undefined) {
  process.stdout.write(`${dump(report)}\n`);
  process.exitCode = 1;
}

function run(): Report | undefined {
  process.stdout.write(`seed ${seed}\n`);
  const start = performance.now();
  let printed = start;
  for (;;) {
    const found = fuzzer.batch();
    const now = performance.now();
    const isOver = found !== undefined || now - start >= seconds * 1000;
    if (isOver || now - printed >= progressEvery) {
      process.stdout.write(`${line(fuzzer.progress, (now - start) / 1000)}\n`);
      printed = now;
    }
    if (isOver) return found;
  }
}

function line({ mutants, outcomes }: Progress, elapsed: number): string {
  const counts = [...outcomes].sort(([, a], [, b]) => b - a).map(([name, count]) => `${name} ${count}`);
  const rate = Math.round(mutants / elapsed);
  return `${Math.round(elapsed)} s: ${mutants} mutants, ${rate}/s: ${counts.join(", ")}`;
}

/** The report as JSON; bytes in hex. */
function dump(report: Report): string {
  const hex = (_: string, value: unknown) =>
    value instanceof Uint8Array ? Buffer.from(value).toString("hex") : value;
  return JSON.stringify(report, hex, 2);
}

function wholeNumber(name: string, text: string): number {
  const number = Number(text);
  if (Number.isSafeInteger(number) && number >= 0) return number;
  process.stderr.write(`fuzz: --${name}: expected a whole number, got ${text}\n`);
  process.exit(2);
}
