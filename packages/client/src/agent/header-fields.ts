import { secTokenBinding, TokenBindingError } from "@tokbind/codec";
import type { Dispatcher } from "undici";

/** Any of the forms in which undici takes header fields. */
type Headers = Dispatcher.DispatchOptions["headers"];

const forbidden = secTokenBinding.toLowerCase();

/**
 * Header fields as a new list of names and values in turn, which undici takes.
 *
 * @throws TokenBindingError `invalid_argument` when an application brings a Sec-Token-Binding of its own: only the
 *   agent knows the connection (RFC 8473 section 7.2)
 */
export function headerFields(headers: Headers): string[] {
  const fields = flatten(headers);
  for (let i = 0; i < fields.length; i += 2) {
    const name = String(fields[i]);
    if (name.length !== forbidden.length || name.toLowerCase() !== forbidden) continue;
    throw new TokenBindingError(
      "invalid_argument",
      `headers: expected no ${secTokenBinding}, got one; the agent adds it itself`,
    );
  }
  // Values may also be lists of strings or undefined: undici takes those in any form.
  return fields as string[];
}

function flatten(headers: Headers): unknown[] {
  if (headers === null || headers === undefined) return [];
  if (Array.isArray(headers) && !Array.isArray(headers[0])) return headers.slice();
  if (Symbol.iterator in headers) return [...(headers as Iterable<readonly unknown[]>)].flat(1);
  const fields: unknown[] = [];
  for (const name of Object.keys(headers)) fields.push(name, headers[name]);
  return fields;
}
