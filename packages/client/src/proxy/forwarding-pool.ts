import { errors, Pool } from "undici";
import { inTime } from "../agent/in-time.ts";
import type { TlsOptions } from "../agent/tls-options.ts";
import type { ForwardProxy } from "./forward-proxy.ts";
import type { Proxy } from "./proxy-url.ts";

/**
 * Sends requests for an http origin to a proxy, which takes them in absolute form (RFC 9112 section 3.2.2). There is nothing
 * to bind: no TLS connection reaches the origin.
 */
export function forwardingPool(
  origin: URL,
  proxy: Proxy,
  forwardProxy: ForwardProxy,
  connect: TlsOptions,
  options: Pool.Options,
): Pool {
  const { timeout = 10_000 } = connect;
  const patience = {
    timeout,
    expired: () => new errors.ConnectTimeoutError(`no connection to ${proxy.origin} in ${timeout} ms`),
  };
  const pool = new Pool(proxy.origin, {
    ...options,
    connect: (_options, callback) => {
      inTime((signal) => forwardProxy.connect(proxy, connect, signal), patience).then(
        (socket) => {
          callback(null, socket);
        },
        (error: unknown) => {
          callback(error as Error, null);
        },
      );
    },
  });
  // undici makes it of the pool itself.
  return pool.compose((dispatch) => (request, handler) => {
    const headers = fieldsFor(origin, proxy, request.headers as string[]);
    return dispatch({ ...request, path: `${origin.origin}${request.path}`, headers }, handler);
  }) as Pool;
}

/** @param headers - as a list */
function fieldsFor(origin: URL, { authorization }: Proxy, headers: readonly string[]): string[] {
  const own = [...headers];
  const names = headers.filter((_each, i) => i % 2 === 0);
  if (!names.some((name) => name.toLowerCase() === "host")) own.push("host", origin.host);
  if (authorization !== undefined) own.push("proxy-authorization", authorization);
  return own;
}
