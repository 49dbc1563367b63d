/** One row of the table. */
export interface Result {
  readonly name: string;
  readonly value: number;
  /** What `value` counts; "" for a ratio. */
  readonly unit: "" | "µs" | "KiB" | "MiB";
  readonly target: number;
  /** Whether the value should be above the target (a speed) or below it (a cost). */
  readonly better: "higher" | "lower";
  /** The baseline measured against itself: how far from 1 the machine alone moves a ratio. */
  readonly noise?: number;
  /** What stands behind the value, for people. */
  readonly detail: string;
}

export function isOk({ value, target, better }: Result): boolean {
  return better === "higher" ? value >= target : value <= target;
}
