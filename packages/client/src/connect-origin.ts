import { isIP, type TcpNetConnectOpts } from "node:net";
import tls, { type ConnectionOptions, type SecureContext, type TLSSocket } from "node:tls";
import type { KeyParameters } from "@tokbind/codec";
import { type NegotiatedTokenBinding, negotiatedTokenBinding, withTokenBinding } from "@tokbind/tls";
import { errors } from "undici";

/** What of `tls.connect` and `net.connect` an application may set: all but what the agent decides itself. */
export type TlsOptions = Omit<
  ConnectionOptions & Partial<TcpNetConnectOpts>,
  "ALPNProtocols" | "host" | "path" | "port" | "secureContext" | "session" | "socket"
>;

export interface ConnectOptions {
  readonly keyParameters?: readonly KeyParameters[] | undefined;
  readonly connect?: TlsOptions | undefined;
  readonly allowH2?: boolean | undefined;
}

/** A connection whose handshake is done. */
export interface Connected {
  readonly socket: TLSSocket;
  readonly negotiated: NegotiatedTokenBinding | undefined;
}

/**
 * Connects to an https origin and offers Token Binding; or, for a proxy, neither Token Binding nor HTTP/2.
 * Rejects with what went wrong, or with the reason of the signal.
 */
export type ConnectOrigin = (origin: URL, isProxy: boolean, signal: AbortSignal) => Promise<Connected>;

// As undici's own connector has them.
const handshakeTimeout = 10_000;
const tcpKeepAliveDelay = 60_000;
const maxSessions = 100;

/** Prepares the TLS context that all connections share, and the memory of sessions to resume. */
export function createConnectOrigin(options: ConnectOptions): ConnectOrigin {
  const { connect = {}, allowH2 = false } = options;
  const offer = options.keyParameters && { keyParameters: options.keyParameters };
  const offering = withTokenBinding(() => tls.createSecureContext(connect), offer ?? {});
  let silent: SecureContext | undefined;
  const sessions = new Map<string, Buffer>();

  return async (origin, isProxy, signal) => {
    signal.throwIfAborted();
    const host = origin.hostname.replace(/^\[|\]$/g, "");
    const session = isProxy ? undefined : sessions.get(origin.origin);
    const socket = tls.connect({
      servername: isIP(host) ? "" : host.replace(/\.$/, ""),
      ...connect,
      host,
      port: Number(origin.port || 443),
      secureContext: isProxy ? (silent ??= tls.createSecureContext(connect)) : offering,
      ALPNProtocols: allowH2 && !isProxy ? ["h2", "http/1.1"] : ["http/1.1"],
      ...(session && { session }),
    });
    if (!isProxy) {
      socket.on("session", (fresh) => {
        remember(sessions, origin.origin, fresh);
      });
    }
    socket.setNoDelay(true).setKeepAlive(true, tcpKeepAliveDelay);
    await handshake(socket, origin, signal);
    // Now, since a destroyed socket can no longer tell.
    return { socket, negotiated: negotiatedTokenBinding(socket) };
  };
}

function handshake(socket: TLSSocket, origin: URL, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = () => socket.destroy(signal.reason as Error);
    const timer = setTimeout(() => {
      const seconds = handshakeTimeout / 1000;
      socket.destroy(
        new errors.ConnectTimeoutError(`no connection to ${origin.origin} in ${seconds} seconds`),
      );
    }, handshakeTimeout);
    const finish = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", abort);
    };
    signal.addEventListener("abort", abort);
    socket.once("secureConnect", () => {
      finish();
      resolve();
    });
    // It stays, so that no error is unhandled before undici listens.
    socket.on("error", (error: Error) => {
      finish();
      reject(error);
    });
  });
}

function remember(sessions: Map<string, Buffer>, origin: string, session: Buffer): void {
  sessions.delete(origin);
  sessions.set(origin, session);
  const [oldest] = sessions.keys();
  if (sessions.size > maxSessions && oldest !== undefined) sessions.delete(oldest);
}
