import { isIP } from "node:net";
import { TokenBindingError } from "@tokbind/codec";
import type { Dispatcher } from "undici";

/** Whom a request is for, and where that is. */
export interface Route {
  /** Its host is the name that SNI tells, that the certificate has to be for, and that the key belongs to. */
  readonly origin: URL;
  /** The host to connect to: a name, or an address without brackets. */
  readonly host: string;
  /** Whether Token Binding is offered there. */
  readonly isBound: boolean;
}

/** Set in the options of a request that goes without credentials. Interceptors pass it on, as they do what they know. */
export const anonymous = Symbol("anonymous");

const anonymousQuery = "?anonymous";

/**
 * What undici's Agent knows a route by: the origin, or where another name is to be authenticated there, the origin of
 * that name with the host in the fragment. undici's `dns()` interceptor sends requests this way, and the key has to
 * stay that of the name: the address says nothing about who is there. Connections that offer no Token Binding are
 * another route.
 *
 * @param servername - the option of that name of one request, or of all
 * @throws TokenBindingError `invalid_argument` when the name is none
 */
export function routeText(
  origin: Dispatcher.DispatchOptions["origin"],
  servername: unknown,
  isAnonymous: boolean,
): string | URL | undefined {
  if (origin === undefined) return origin;
  const isNamed = servername !== undefined && servername !== null;
  if (!isNamed && !isAnonymous) return origin;
  const url = new URL(origin);
  if (url.protocol !== "https:") return origin;
  const route = isNamed && servername !== url.hostname ? namedRoute(url, servername) : url;
  if (route === url && !isAnonymous) return origin;
  if (isAnonymous) route.search = anonymousQuery;
  return route.href;
}

function namedRoute(url: URL, servername: unknown): URL {
  const name = nameUrl(servername);
  if (name === undefined) {
    throw new TokenBindingError(
      "invalid_argument",
      `servername: expected the name of a host, got ${JSON.stringify(servername)}`,
    );
  }
  name.port = url.port;
  name.hash = url.hostname;
  return name;
}

/** Undefined for what is no DNS name in ASCII. */
function nameUrl(servername: unknown): URL | undefined {
  if (typeof servername !== "string" || !/^[\w.-]+$/.test(servername)) return undefined;
  const text = `https://${servername}/`;
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  return isIP(url.hostname) === 0 ? url : undefined;
}

export function isHostName(value: unknown): boolean {
  return nameUrl(value) !== undefined;
}

export function parseRoute(text: string | URL): Route {
  const origin = new URL(text);
  const host = origin.hash === "" ? origin.hostname : origin.hash.slice(1);
  const isBound = origin.search !== anonymousQuery;
  origin.hash = "";
  origin.search = "";
  return { origin, host: host.replace(/^\[|\]$/g, ""), isBound };
}
