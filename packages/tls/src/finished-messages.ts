import { TLSSocket } from "node:tls";

/**
 * Both Finished messages of a completed handshake, which identify the connection to the addon. Undefined before that,
 * after the socket was destroyed, and for everything that is no TLSSocket.
 */
export function finishedMessages(socket: unknown): [own: Uint8Array, peer: Uint8Array] | undefined {
  try {
    if (!(socket instanceof TLSSocket)) return undefined;
    // Null until the handshake is complete. Unlike `secureConnecting`, that holds for sockets made by hand as well;
    // and both Finished messages are there a moment too early, when a server up to TLS 1.2 emits "newSession".
    if ((socket.alpnProtocol ?? null) === null) return undefined;
    const own = socket.getFinished() as Uint8Array | null | undefined;
    const peer = socket.getPeerFinished() as Uint8Array | null | undefined;
    return own && peer ? [own, peer] : undefined;
  } catch (error) {
    // http2 takes the socket away from a destroyed session.
    if ((error as NodeJS.ErrnoException).code === "ERR_HTTP2_SOCKET_UNBOUND") return undefined;
    throw error;
  }
}
