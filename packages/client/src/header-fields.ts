import { secTokenBinding, TokenBindingError } from "@tokbind/codec";
import type { Dispatcher } from "undici";

/** Any of the forms in which undici takes header fields. */
type Headers = Dispatcher.DispatchOptions["headers"];

const forbidden = secTokenBinding.toLowerCase();

/**
 * Header fields as undici's list of names and values in turn.
 *
 * @throws TokenBindingError `invalid_argument` when an application brings a Sec-Token-Binding of its own: only the
 *   agent knows the connection (RFC 8473 section 7.2)
 */
export function headerFields(headers: Headers): string[] {
  const fields = flatten(headers);
  if (fields.some((field, i) => i % 2 === 0 && String(field).toLowerCase() === forbidden)) {
    throw new TokenBindingError(
      "invalid_argument",
      `headers: expected no ${secTokenBinding}, got one; the agent adds it itself`,
    );
  }
  // Values may also be lists of strings or undefined: undici takes those in any form.
  return fields as string[];
}

function flatten(headers: Headers): readonly unknown[] {
  if (headers === null || headers === undefined) return [];
  if (Array.isArray(headers) && !Array.isArray(headers[0])) return headers;
  const pairs: Iterable<readonly unknown[]> =
    Symbol.iterator in headers ? (headers as Iterable<[string, unknown]>) : Object.entries(headers);
  return [...pairs].flat(1);
}
