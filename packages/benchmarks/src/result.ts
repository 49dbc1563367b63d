import type { Comparison } from "./compare.ts";

/** One row of the table. */
export interface Result extends Comparison {
  readonly name: string;
  readonly target: number;
  /** Whether the ratio should be above the target (a speed) or below it (a cost). */
  readonly better: "higher" | "lower";
}

export function isOk({ ratio, target, better }: Result): boolean {
  return better === "higher" ? ratio >= target : ratio <= target;
}
