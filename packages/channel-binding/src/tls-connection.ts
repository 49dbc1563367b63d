import { TLSSocket } from "node:tls";
import { TokenBindingError } from "@tokbind/codec";
import { described } from "@tokbind/codec/options";

/** What a channel binding is computed from: a TLS connection whose handshake is finished, seen from one end. */
export interface TlsConnection {
  readonly socket: TLSSocket;
  readonly isServer: boolean;
  /** `TLSv1.2`, `TLSv1.3`, … */
  readonly version: string;
  /** verify_data of this end's Finished message of the latest handshake. */
  readonly finished: Buffer;
  /** That of the other end. */
  readonly peerFinished: Buffer;
}

/**
 * @throws TokenBindingError `no_tls_connection` for anything without keys: a plain socket, a handshake that is not
 * finished, a connection that is gone
 */
export function tlsConnection(socket: unknown): TlsConnection {
  if (!(socket instanceof TLSSocket)) throw noConnection(`got ${described(socket)}`);
  const version = socket.getProtocol();
  const finished = socket.getFinished();
  const peerFinished = socket.getPeerFinished();
  if (version === null || finished === undefined || peerFinished === undefined) {
    throw noConnection(`its handshake is not finished, or it is closed`);
  }
  // Documented: null on server sockets only.
  return { socket, isServer: socket.getEphemeralKeyInfo() === null, version, finished, peerFinished };
}

function noConnection(detail: string): TokenBindingError {
  return new TokenBindingError(
    "no_tls_connection",
    `expected a TLSSocket after "secureConnect" (on a server "secureConnection"): ${detail}`,
  );
}
