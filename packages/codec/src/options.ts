/**
 * How every public constructor and function of the project checks its options: an option that nobody reads is a
 * protection lost without a word, so unknown ones are refused, and so is every impossible value.
 *
 * @module
 */

import { described } from "./described.ts";
import { TokenBindingError } from "./errors.ts";

export { described };

/** What an option may be. */
export interface OptionRule {
  /** In the words of an error message. */
  readonly expected: string;
  readonly test: (value: unknown) => boolean;
  /** Whether it has no default. */
  readonly required?: boolean | undefined;
}

/** True or false. */
export const isBoolean: OptionRule = {
  expected: "true or false",
  test: (value) => typeof value === "boolean",
};

/** A number of things, at least one. */
export const isCount: OptionRule = {
  expected: "a whole number, 1 or more",
  test: (value) => Number.isSafeInteger(value) && (value as number) >= 1,
};

/** Something to call. */
export const isFunction: OptionRule = {
  expected: "a function",
  test: (value) => typeof value === "function",
};

/**
 * Refuses options that `owner` does not have, and impossible values; undefined stands for the default. Only the type
 * of a refused value is shown: it may be a secret in the wrong place.
 *
 * @throws TokenBindingError `invalid_argument`
 */
export function checkOptions(
  owner: string,
  options: object | undefined,
  rules: Readonly<Record<string, OptionRule>>,
): void {
  if (typeof options !== "object" || (options as object | null) === null) {
    throw invalid(`${owner}: expected an object of options, got ${typeOf(options)}`);
  }
  for (const name of Object.keys(options)) {
    if (Object.hasOwn(rules, name)) continue;
    throw invalid(`${owner}: expected the options ${Object.keys(rules).join(", ")}, got ${described(name)}`);
  }
  for (const [name, { expected, test, required }] of Object.entries(rules)) {
    const value = (options as Record<string, unknown>)[name];
    if (value === undefined ? !required : test(value)) continue;
    throw invalid(`${owner}: ${name}: expected ${expected}, got ${typeOf(value)}`);
  }
}

/** Not even a short string is shown: it may be a password. */
function typeOf(value: unknown): string {
  return typeof value === "string" ? "another string" : described(value);
}

function invalid(message: string): TokenBindingError {
  return new TokenBindingError("invalid_argument", message);
}
