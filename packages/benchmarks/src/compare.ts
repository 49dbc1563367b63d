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
export function compare(
  ours: Work,
  baseline: Work,
  counts: { ours: number; baseline: number },
  rounds = 400,
): Promise<Comparison> {
  return compareInTurn(
    () => time(ours, counts.ours),
    () => time(baseline, counts.baseline),
    rounds,
    // V8 compiles for speed what has run some thousand times.
    rounds,
  );
}

/**
 * The same of anything that measures itself.
 *
 * @param uncounted - rounds before those that count
 * @param again - another one of the baseline
 */
export async function compareInTurn(
  ours: () => Promise<number>,
  baseline: () => Promise<number>,
  rounds: number,
  uncounted: number,
  again = baseline,
): Promise<Comparison> {
  const ourValues: number[] = [];
  const baselineValues: number[] = [];
  const ratios: number[] = [];
  const noises: number[] = [];
  for (let round = -uncounted; round < rounds; round++) {
    const before = await baseline();
    const own = await ours();
    const after = await again();
    if (round < 0) continue;
    ourValues.push(own);
    baselineValues.push(before, after);
    ratios.push((2 * own) / (before + after));
    noises.push(after / before);
  }
  return {
    ratio: median(ratios),
    noise: median(noises),
    ours: median(ourValues),
    baseline: median(baselineValues),
  };
}

/** Microseconds of processor time per run: what else runs on the machine takes none of it. */
async function time(work: Work, count: number): Promise<number> {
  const start = process.cpuUsage();
  await work(count);
  const { user, system } = process.cpuUsage(start);
  return (user + system) / count;
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
