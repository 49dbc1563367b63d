import { type Dispatcher, fetch, FormData, Request, type RequestInit } from "undici";

/** `fetch` with the types of the platform and with undici's. */
export type Fetch = typeof globalThis.fetch & typeof fetch;

type Init = { -readonly [Name in keyof RequestInit]?: RequestInit[Name] | undefined };

const members = [
  "body",
  "cache",
  "credentials",
  "headers",
  "integrity",
  "keepalive",
  "method",
  "mode",
  "redirect",
  "referrer",
  "referrerPolicy",
  "signal",
  "window",
] as const satisfies (keyof RequestInit)[];

/**
 * undici's `fetch` over a dispatcher. Node's own `fetch` is another copy of undici, and neither knows the Request and
 * the FormData of the other: they are made anew.
 */
export function fetchOver(dispatcher: Dispatcher, input: unknown, init?: unknown): ReturnType<typeof fetch> {
  const request = isForeign(input, Request) ? (input as Request) : undefined;
  const own: Init = { ...read(request), ...read(init), dispatcher };
  own.body = ownBody(own.body);
  // A stream needs it, and the body of a Request is one.
  own.duplex = (init as RequestInit | undefined)?.duplex ?? (request?.body ? "half" : undefined);
  return fetch(request?.url ?? (input as Request), own as RequestInit);
}

/** A body that undici understands. */
export function ownBody<Body>(body: Body): Body | FormData {
  if (!isForeign(body, FormData)) return body;
  const own = new FormData();
  // With a name, a File would be made anew without its date.
  for (const [name, value] of body as unknown as FormData) own.append(name, value);
  return own;
}

/** By name and not by spreading: an init may also be an object with getters, such as a Request. */
function read(init: unknown): Init {
  const own: Record<string, unknown> = {};
  if (init === undefined || init === null) return own;
  for (const name of members) {
    const value = (init as RequestInit)[name];
    if (value !== undefined) own[name] = value;
  }
  return own;
}

function isForeign(value: unknown, own: typeof Request | typeof FormData): boolean {
  if (typeof value !== "object" || value === null || value instanceof own) return false;
  return (value as { [Symbol.toStringTag]?: unknown })[Symbol.toStringTag] === own.name;
}
