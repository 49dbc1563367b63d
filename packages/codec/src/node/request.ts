import type { Server } from "node:http";
import type { Http2Session } from "node:http2";
import type { Socket } from "node:net";
import { TokenBindingError } from "../errors.ts";

/**
 * What is read of a request: an IncomingMessage of node:http or node:https, an Http2ServerRequest of node:http2, or
 * `{ rawHeaders, stream }` of node:http2's stream API.
 */
export interface NodeRequest {
  /** Names and values in turn, a pair for each field line, as they came. */
  readonly rawHeaders: readonly string[];
  readonly socket?: Socket | null | undefined;
  readonly stream?: { readonly session?: Http2Session | undefined } | undefined;
  /** 1 for HTTP/1.x. */
  readonly httpVersionMajor?: number | undefined;
}

/**
 * Refuses a request of whose header section Node may have dropped a part: another line of a field that has one.
 *
 * @throws TokenBindingError `header_malformed`
 */
export function checkWhole(request: NodeRequest, field: string): void {
  const { length } = request.rawHeaders;
  if (length < maxRawHeaders(request)) return;
  throw new TokenBindingError(
    "header_malformed",
    `${field}: expected a header section that Node reads whole, got one of ${length / 2} fields or more; raise ` +
      "server.maxHeadersCount if clients really send so many",
  );
}

/** From so many entries on node:http drops field lines without a word; node:http2 refuses the request instead. */
function maxRawHeaders(request: NodeRequest): number {
  if (isHttp2(request)) return Infinity;
  const { server } = (request.socket ?? {}) as { server?: Server };
  const count = server?.maxHeadersCount ?? 1000;
  return count === 0 ? Infinity : 2 * count;
}

/**
 * What stands for the connection of a request in a WeakMap, undefined without one: its socket, or the session of HTTP/2,
 * whose requests each show the socket through another proxy.
 */
export function connectionOf(request: NodeRequest): Socket | Http2Session | undefined {
  return (isHttp2(request) ? request.stream?.session : request.socket) ?? undefined;
}

/** The socket of {@link connectionOf}; undefined for a destroyed session, though the types say otherwise. */
export function socketOf(connection: Socket | Http2Session): Socket | undefined {
  return "socket" in connection ? connection.socket : connection;
}

/** By what Node itself says of the request first: applications hang a `stream` of their own on HTTP/1.1 requests. */
function isHttp2({ httpVersionMajor, stream }: NodeRequest): boolean {
  return httpVersionMajor === undefined ? stream !== undefined : httpVersionMajor >= 2;
}
