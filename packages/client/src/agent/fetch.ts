import {
  type Dispatcher,
  type fetch as undiciFetch,
  FormData as UndiciFormData,
  type RequestInit as UndiciRequestInit,
} from "undici";
import { anonymous } from "./route.ts";
import { wholeOrStream } from "./whole-or-stream.ts";

/** `fetch` with the types of the platform and with undici's. */
export type Fetch = typeof globalThis.fetch & typeof undiciFetch;

// The platform's has the same, but its types leave out some.
type Init = {
  -readonly [Name in Exclude<keyof UndiciRequestInit, "dispatcher">]?: UndiciRequestInit[Name] | undefined;
} & { dispatcher?: Pick<Dispatcher, "dispatch"> };

const members = [
  "body",
  "cache",
  "credentials",
  "duplex",
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
] as const satisfies (keyof Init)[];

/** Where the fetch of an agent tells what it stands on: an application may have put it in the place of the platform's. */
const platform = Symbol.for("@tokbind/client platform fetch");

type MaybeOurs = typeof globalThis.fetch & { readonly [platform]?: typeof globalThis.fetch };
const platformFetch = (globalThis.fetch as MaybeOurs)[platform] ?? globalThis.fetch;

/** @param dispatcherOf - finds the dispatcher of a call by its `this` */
export function makeFetch(dispatcherOf: (caller: unknown) => Dispatcher): Fetch {
  // Asynchronous, so that nothing is thrown.
  const fetch = async function (this: unknown, input: unknown, init?: unknown): Promise<Response> {
    return fetchOver(dispatcherOf(this), input, init);
  };
  return Object.assign(fetch, { [platform]: platformFetch }) as unknown as Fetch;
}

/**
 * The platform's `fetch` over a dispatcher. The package undici is another copy of what is in Node, and neither knows the
 * Request and the FormData of the other: those of the package are made anew.
 */
function fetchOver(dispatcher: Dispatcher, input: unknown, init?: unknown): Promise<Response> {
  const foreign = isForeign(input, Request) ? (input as Request) : undefined;
  const own: Init = {};
  if (foreign !== undefined) readInto(own, foreign);
  if (init !== undefined && init !== null) readInto(own, init);
  const credentials = own.credentials ?? (input instanceof Request ? input.credentials : undefined);
  own.dispatcher = credentials === "omit" ? anonymously(dispatcher) : dispatcher;
  const url = (foreign?.url ?? input) as Request;
  if (own.body === undefined || own.body === null) return platformFetch(url, own as object);
  if (isRequest(init)) return sendBodyOfRequest(url, own, init);
  if (foreign?.body === own.body) return sendBodyOfRequest(url, own, foreign);
  own.body = formDataOf(FormData, own.body);
  return platformFetch(url, own as object);
}

async function sendBodyOfRequest(url: Request, init: Init, { bodyUsed }: Request): Promise<Response> {
  if (bodyUsed) throw new TypeError("body: expected one that was not read yet, got one that was");
  const body = await wholeOrStream(init.body as ReadableStream<Uint8Array>);
  return platformFetch(url, { ...init, body, duplex: "half" } as object);
}

function anonymously(dispatcher: Dispatcher): Pick<Dispatcher, "dispatch"> {
  return {
    dispatch: (options, handler) =>
      dispatcher.dispatch({ ...options, [anonymous]: true } as Dispatcher.DispatchOptions, handler),
  };
}

/** A body of a request as undici understands it. */
export function undiciBody<Body>(body: Body): Body {
  return formDataOf(UndiciFormData, body);
}

function formDataOf<Body>(Class: typeof FormData | typeof UndiciFormData, body: Body): Body {
  if (!isForeign(body, Class)) return body;
  const own = new Class();
  // With a name, a File would be made anew without its date.
  for (const [name, value] of body as unknown as FormData) own.append(name, value);
  return own as Body;
}

/** By name and not by spreading: an init may also be an object with getters, such as a Request. */
function readInto(own: Init, init: unknown): void {
  for (const name of members) {
    const value = (init as Init)[name] as unknown;
    if (value !== undefined) (own as Record<string, unknown>)[name] = value;
  }
}

function isRequest(value: unknown): value is Request {
  return value instanceof Request || isForeign(value, Request);
}

function isForeign(value: unknown, own: { readonly name: string; readonly prototype: object }): boolean {
  if (typeof value !== "object" || value === null) return false;
  if (Object.prototype.isPrototypeOf.call(own.prototype, value)) return false;
  return (value as { [Symbol.toStringTag]?: unknown })[Symbol.toStringTag] === own.name;
}
