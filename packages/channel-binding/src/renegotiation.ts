import type { TLSSocket } from "node:tls";
import { TokenBindingError } from "@tokbind/codec";
import type { TlsConnection } from "./tls-connection.ts";

/** The Finished message of the handshake in which a connection was first asked for its tls-exporter. */
const seen = new WeakMap<TLSSocket, Buffer>();

/**
 * RFC 9266 section 3 rules tls-exporter out where renegotiation is enabled. So a connection that has renegotiated is
 * refused, and a server's refuses to do so from now on.
 *
 * Node tells a server of each handshake. A client it tells nothing, so there a renegotiation is noticed that comes after
 * the first use; TLS 1.3 has none.
 *
 * @throws TokenBindingError `renegotiated`
 */
export function refuseRenegotiation({ socket, isServer, finished }: TlsConnection): void {
  const first = seen.get(socket);
  if (first === undefined) seen.set(socket, finished);
  if ((first !== undefined && !first.equals(finished)) || (isServer && furtherHandshakes(socket) > 0)) {
    throw new TokenBindingError(
      "renegotiated",
      "expected a connection with one handshake, this one has renegotiated: it has no tls-exporter (RFC 9266 section 3)",
    );
  }
  if (isServer) socket.disableRenegotiation();
}

/** Node counts them for `tls.CLIENT_RENEG_LIMIT`, on the handle of server sockets. */
function furtherHandshakes(socket: TLSSocket): number {
  const { ssl } = socket as { ssl?: { handshakes?: unknown } | null };
  return typeof ssl?.handshakes === "number" ? ssl.handshakes : 0;
}
