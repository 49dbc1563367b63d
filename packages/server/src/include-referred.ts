import { includeReferredTokenBindingId, TokenBindingError } from "@tokbind/codec";
import { described } from "@tokbind/codec/options";
import type { RequestTokenBindings } from "./request-verifier.ts";

/**
 * A response whose header fields are still to be sent: of node:http, node:http2, Express or NestJS (`setHeader`), Fastify
 * or Hono (`header`), Koa's context or a `Headers` (`set`), or the header object of node:http2's stream API.
 */
export type RedirectResponse =
  | { setHeader(name: string, value: string): unknown }
  | { header(name: string, value: string): unknown }
  | { set(name: string, value: string): unknown }
  | Record<string, string | number | readonly string[] | undefined>;

type SetField = (name: string, value: string) => unknown;

const setters = ["setHeader", "header", "set"] as const;

/**
 * Asks the client, in a redirect, to prove to the server that the redirect leads to the key that it uses with this one:
 * sets `Include-Referred-Token-Binding-ID: true` (RFC 8473 section 5.3). That server, the Token Provider, can then issue
 * a token bound to the key that the client will show here. The status has to be a redirect, and the Location an https
 * URL: clients ignore the field on everything else.
 *
 * @param bindings - what the request that is being answered has proven
 * @returns whether the field was set. False where the request has proven nothing, because the server, the client or what
 *   is between them does not negotiate Token Binding: a client must ignore the field then (RFC 8473 section 5.3), and
 *   tokens will be unbound
 * @throws TokenBindingError `invalid_argument` when `response` is none of those, or `bindings` not from a verifier
 * @example
 * includeReferred(response, verifier.verify(request));
 * response.writeHead(303, { Location: "https://accounts.example/authorize?client_id=shop" }).end();
 */
export function includeReferred(
  response: RedirectResponse,
  bindings: RequestTokenBindings | undefined,
): boolean {
  const set = setterOf(response);
  if (bindings === undefined) return false;
  if (!((bindings as Partial<RequestTokenBindings> | null)?.provided?.id instanceof Uint8Array)) {
    throw invalid("the bindings that a verifier returned, or undefined", bindings);
  }
  set(includeReferredTokenBindingId, "true");
  return true;
}

function setterOf(response: RedirectResponse): SetField {
  const given = Object(response) as Record<string, SetField>;
  // Express's request has a method `header` too, which reads.
  if ("rawHeaders" in given) throw invalid("a response", "a request");
  for (const name of setters) if (typeof given[name] === "function") return given[name].bind(response);
  const prototype: unknown = Object.getPrototypeOf(given);
  if (given !== response || (prototype !== Object.prototype && prototype !== null)) {
    throw invalid("a response, or its header fields", response);
  }
  return (name, value) => Object.assign(response, { [name]: value });
}

function invalid(expected: string, got: unknown): TokenBindingError {
  return new TokenBindingError(
    "invalid_argument",
    `includeReferred: expected ${expected}, got ${described(got)}`,
  );
}
