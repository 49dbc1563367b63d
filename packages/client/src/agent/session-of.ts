import type { ClientHttp2Session } from "node:http2";
import type { TLSSocket } from "node:tls";

/** The HTTP/2 session that undici has made of a socket. Both undici and Node note it there, under symbols of their own. */
export function sessionOf(socket: TLSSocket): ClientHttp2Session | undefined {
  for (const symbol of Object.getOwnPropertySymbols(socket)) {
    const value: unknown = Reflect.get(socket, symbol);
    if (isSession(value)) return value;
  }
  return undefined;
}

function isSession(value: unknown): value is ClientHttp2Session {
  const { goaway, request, ping } = Object(value) as Partial<ClientHttp2Session>;
  return [goaway, request, ping].every((method) => typeof method === "function");
}
