import type { IncomingMessage } from "node:http";
import type { Http2ServerRequest } from "node:http2";
import { secTokenBinding, TokenBindingError } from "@tokbind/codec";

/** A request of node:http, node:https or the compatibility API of node:http2. */
export type NodeRequest = IncomingMessage | Http2ServerRequest;

const fieldName = secTokenBinding.toLowerCase();

/**
 * The value of the request's Sec-Token-Binding field, undefined when there is none. `rawHeaders` shows each
 * field line by itself, where `headers` joins them. Trailers are elsewhere and stay unread.
 *
 * @throws TokenBindingError `header_repeated`
 */
export function secTokenBindingField(request: NodeRequest): string | undefined {
  const raw = request.rawHeaders;
  let value: string | undefined;
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i]!;
    if (name.length !== fieldName.length || name.toLowerCase() !== fieldName) continue;
    if (value !== undefined) throw repeated();
    value = raw[i + 1]!;
  }
  return value;
}

/**
 * Refuses a comma: something before us may have joined two field lines (RFC 8473 section 2, A-11).
 *
 * @throws TokenBindingError `header_repeated`
 */
export function refuseJoinedFields(value: string): void {
  if (value.includes(",")) throw repeated();
}

function repeated(): TokenBindingError {
  return new TokenBindingError("header_repeated", `expected at most one ${secTokenBinding} field, got more`);
}
