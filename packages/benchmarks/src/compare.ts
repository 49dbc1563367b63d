import type { Result } from "./result.ts";

/** One comparison: how long one unit of ours takes, as a share of one unit of the baseline. */
export interface Comparison {
  /** Median over the rounds of ours / baseline. */
  readonly ratio: number;
  /** The same of baseline / baseline: how far from 1 the machine alone moves it. */
  readonly noise: number;
  /** Medians in microseconds; they say more of the machine than of us. */
  readonly ours: number;
  readonly baseline: number;
}

/** Runs its subject `count` times. */
export type Work = (count: number) => void | Promise<void>;

/**
 * Times ours and the baseline in turn, in many rounds of a millisecond or so: a machine whose speed drifts then drifts for
 * both, and what interrupts a round spoils only that one.
 *
 * @param counts - how often each runs in a round
 */
export async function compare(
  ours: Work,
  baseline: Work,
  counts: { ours: number; baseline: number },
  rounds = 400,
): Promise<Comparison> {
  const ourTimes: number[] = [];
  const baselineTimes: number[] = [];
  const ratios: number[] = [];
  const noises: number[] = [];
  // As many uncounted rounds before: V8 compiles for speed what has run some thousand times.
  for (let round = -rounds; round < rounds; round++) {
    const before = await time(baseline, counts.baseline);
    const own = await time(ours, counts.ours);
    const after = await time(baseline, counts.baseline);
    if (round < 0) continue;
    ourTimes.push(own);
    baselineTimes.push(before, after);
    ratios.push((2 * own) / (before + after));
    noises.push(after / before);
  }
  return {
    ratio: median(ratios),
    noise: median(noises),
    ours: median(ourTimes),
    baseline: median(baselineTimes),
  };
}

/** Microseconds per run. */
async function time(work: Work, count: number): Promise<number> {
  const start = process.hrtime.bigint();
  await work(count);
  return Number(process.hrtime.bigint() - start) / 1000 / count;
}

export function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** The row of a comparison: a cost, which is the ratio, or a speed, which is its inverse. */
export function ratioResult(
  name: string,
  { ratio, noise, ours, baseline }: Comparison,
  better: Result["better"],
  target: number,
): Result {
  const detail = `${ours.toPrecision(3)} µs against ${baseline.toPrecision(3)} µs`;
  return { name, value: better === "higher" ? 1 / ratio : ratio, unit: "", target, better, noise, detail };
}
