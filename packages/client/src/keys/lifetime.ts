import { TokenBindingError } from "@tokbind/codec";
import { checkOptions, isCount, type OptionRule } from "@tokbind/codec/options";

//
/** Keys by the time when they were made, as one clears the cookies of the last hour (RFC 8473 section 8.2). */
export interface CreationTimes {
  /** Made then or later. */
  readonly since?: Date | undefined;
  /** Made earlier. */
  readonly before?: Date | undefined;
}

/** The option `maxAge`, in seconds. */
export const isMaxAge: OptionRule = { ...isCount, expected: "seconds, 1 or more" };

const isDate: OptionRule = {
  expected: "a Date",
  test: (value) => value instanceof Date && !Number.isNaN(value.getTime()),
};

/**
 * Whether a key that was made then (milliseconds since 1970) is meant.
 *
 * @throws TokenBindingError `invalid_argument`
 */
export function within(times: CreationTimes = {}): (created: number) => boolean {
  checkOptions("clear", times, { since: isDate, before: isDate });
  const { since = new Date(-8.64e15), before = new Date(8.64e15) } = times;
  if (since <= before) return (created) => created >= since.getTime() && created < before.getTime();
  throw new TokenBindingError("invalid_argument", "clear: expected since to be earlier than before");
}

/** Whether a key that was made then (milliseconds since 1970) is older than that many seconds. */
export function isExpired(created: number, maxAge: number | undefined): boolean {
  return maxAge !== undefined && Date.now() - created > maxAge * 1000;
}
