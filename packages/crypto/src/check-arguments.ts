import { TokenBindingError } from "@tokbind/codec";
import { described } from "@tokbind/codec/options";
import type { KeyOptions } from "./types.ts";

/**
 * Checks of what only a caller without types can get wrong.
 *
 * @module
 */

/** Whether this is a byte string. Those of another realm (a frame, a test runner) are, too. */
export function isBytes(value: unknown): value is Uint8Array {
  return ArrayBuffer.isView(value) && Object.prototype.toString.call(value) === "[object Uint8Array]";
}

export function checkBytes(name: string, value: unknown): asserts value is Uint8Array {
  if (isBytes(value)) return;
  throw new TokenBindingError("invalid_argument", `${name}: expected a Uint8Array, got ${described(value)}`);
}

/** Whether these options ask for an extractable key. */
export function isExtractable(options: KeyOptions = {}): boolean {
  const given: unknown = options;
  if (typeof given !== "object" || given === null) throw invalid("an object", given);
  const unknown = Object.keys(given).find((name) => name !== "extractable");
  if (unknown !== undefined) throw invalid("only the option extractable", unknown);
  const extractable: unknown = options.extractable ?? false;
  if (typeof extractable !== "boolean") throw invalid("true or false for extractable", extractable);
  return extractable;
}

function invalid(expected: string, got: unknown): TokenBindingError {
  return new TokenBindingError(
    "invalid_argument",
    `key options: expected ${expected}, got ${described(got)}`,
  );
}
