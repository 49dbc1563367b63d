import { setMaxListeners } from "node:events";
import { isIP } from "node:net";
import tls, { type SecureContext, type TLSSocket } from "node:tls";
import { type KeyParameters, TokenBindingError } from "@tokbind/codec";
import { type NegotiatedTokenBinding, negotiatedTokenBinding, withTokenBinding } from "@tokbind/tls";
import { errors } from "undici";
import type { ForwardProxy } from "../proxy/forward-proxy.ts";
import { asError } from "./as-error.ts";
import { inTime } from "./in-time.ts";
import { type RenewedClientCertificate, renewedTlsOptions } from "./renewed-tls-options.ts";
import type { Route } from "./route.ts";
import { createSecureContext } from "./secure-context.ts";
import { SessionCache } from "./session-cache.ts";
import type { TlsOptions } from "./tls-options.ts";

export interface ConnectOptions {
  readonly keyParameters: readonly KeyParameters[] | undefined;
  /** Only members that are set. */
  readonly connect: TlsOptions;
  readonly allowH2: boolean;
  readonly forwardProxy: ForwardProxy | undefined;
}

/** A connection whose handshake is done. */
export interface Connected {
  readonly socket: TLSSocket;
  readonly negotiated: NegotiatedTokenBinding | undefined;
  /** As in SentRequest. */
  readonly proxy: string | undefined;
  /** Aborted once new requests should have a connection with another certificate. */
  readonly retired: AbortSignal;
}

/**
 * Connects to an https origin and offers Token Binding, if the route says so; or, for a proxy, neither Token Binding nor
 * HTTP/2. Rejects with what went wrong, or with the reason of the signal.
 */
export type ConnectOrigin = (route: Route, isProxy: boolean, signal: AbortSignal) => Promise<Connected>;

/** Opens connections, by options that can be renewed. */
export interface Connector {
  readonly connectOrigin: ConnectOrigin;
  /** @throws TokenBindingError `invalid_argument`; then everything stays as it was */
  readonly renewCertificate: (renewed: RenewedClientCertificate) => void;
}

export function createConnector(options: ConnectOptions): Connector {
  let { connect } = options;
  let retirement = new AbortController();
  const prepare = () => prepareConnectOrigin({ ...options, connect }, retirement.signal);
  let connectOrigin = prepare();
  return {
    connectOrigin: (...args) => connectOrigin(...args),
    renewCertificate(renewed) {
      const before = { connect, retirement };
      connect = renewedTlsOptions(connect, renewed);
      retirement = new AbortController();
      try {
        connectOrigin = prepare();
      } catch (error) {
        ({ connect, retirement } = before);
        throw error;
      }
      before.retirement.abort();
    },
  };
}

/** Prepares the TLS context that all connections share, and the memory of sessions to resume. */
function prepareConnectOrigin(options: ConnectOptions, retired: AbortSignal): ConnectOrigin {
  const { keyParameters, connect, allowH2, forwardProxy } = options;
  // Every connection listens.
  setMaxListeners(0, retired);
  const { timeout = 10_000, keepAlive = true, keepAliveInitialDelay = 60_000, ...tlsOptions } = connect;
  const { maxCachedSessions = 100, checkServerIdentity = tls.checkServerIdentity, ...others } = tlsOptions;
  const { socketPath, ...own } = others;
  const createContext = () => createSecureContext("TokenBindingAgent: connect", own);
  const offering = withTokenBinding(createContext, { keyParameters });
  const sessions = new SessionCache(maxCachedSessions);
  let silent: SecureContext | undefined;

  const open = async (route: Route, isProxy: boolean, signal: AbortSignal): Promise<Connected> => {
    const { origin, host, isBound } = route;
    const name = origin.hostname.replace(/^\[|\]$/g, "");
    const isSilent = isProxy || !isBound;
    // A session would tell the server that it knows this client.
    const session = isSilent ? undefined : sessions.get(origin.origin);
    const target = { host, port: Number(origin.port || 443) };
    const proxy = forwardProxy?.for(origin.protocol, target);
    const tunnel = proxy && (await forwardProxy!.open(proxy, target, own, signal));
    const socket = tls.connect({
      ...(own as tls.ConnectionOptions),
      checkServerIdentity: (hostname, certificate) =>
        identityError(() => checkServerIdentity(hostname, certificate)),
      servername: isIP(name) === 0 ? name.replace(/\.$/, "") : "",
      ...(tunnel ? { socket: tunnel } : socketPath === undefined ? target : { path: socketPath }),
      secureContext: isSilent ? (silent ??= createContext()) : offering,
      ALPNProtocols: allowH2 && !isProxy ? ["h2", "http/1.1"] : ["http/1.1"],
      ...(session && { session }),
    });
    if (!isSilent) {
      socket.on("session", (fresh) => {
        sessions.set(origin.origin, fresh);
      });
    }
    socket.setNoDelay(true).setKeepAlive(keepAlive, keepAliveInitialDelay);
    return { ...(await handshake(socket, origin, signal)), proxy: proxy?.origin, retired };
  };

  return (route, isProxy, signal) =>
    inTime((attempt) => open(route, isProxy, attempt), {
      timeout,
      expired: () => {
        const message = `no connection to ${route.origin.origin} in ${timeout} ms`;
        return new errors.ConnectTimeoutError(message);
      },
      signal,
    });
}

/** What a check of an application says; node:tls would let what it throws end the process. */
export function identityError(check: () => unknown): Error | undefined {
  let result: unknown;
  try {
    result = check();
    if (result === undefined) return undefined;
  } catch (error) {
    result = error;
  }
  return result instanceof Error ? result : asError("invalid_argument", "checkServerIdentity", result);
}

function handshake(
  socket: TLSSocket,
  origin: URL,
  signal: AbortSignal,
): Promise<Pick<Connected, "socket" | "negotiated">> {
  return new Promise((resolve, reject) => {
    const abort = () => socket.destroy(signal.reason as Error);
    signal.addEventListener("abort", abort);
    socket.once("secureConnect", () => {
      signal.removeEventListener("abort", abort);
      try {
        // Now, since a destroyed socket can no longer tell.
        resolve({ socket, negotiated: negotiatedTokenBinding(socket) });
      } catch (error) {
        socket.destroy();
        reject(asError("unsupported_runtime", "Token Binding", error));
      }
    });
    // Kept attached, so that no error is unhandled before undici listens.
    socket.on("error", reject);
    socket.once("close", () => {
      const message = `connection to ${origin.origin}: closed in the handshake`;
      reject(new TokenBindingError("connection_lost", message));
    });
  });
}
