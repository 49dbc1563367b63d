import { setMaxListeners } from "node:events";
import { isIP } from "node:net";
import tls, { type SecureContext, type TLSSocket } from "node:tls";
import { type KeyParameters, TokenBindingError } from "@tokbind/codec";
import { type NegotiatedTokenBinding, negotiatedTokenBinding, withTokenBinding } from "@tokbind/tls";
import { errors } from "undici";
import { asError } from "./as-error.ts";
import { type RenewedClientCertificate, renewedTlsOptions } from "./renewed-tls-options.ts";
import type { Route } from "./route.ts";
import { SessionCache } from "./session-cache.ts";
import type { TlsOptions } from "./tls-options.ts";

export interface ConnectOptions {
  readonly keyParameters: readonly KeyParameters[] | undefined;
  /** Only members that are set. */
  readonly connect: TlsOptions;
  readonly allowH2: boolean;
}

/** A connection whose handshake is done. */
export interface Connected {
  readonly socket: TLSSocket;
  readonly negotiated: NegotiatedTokenBinding | undefined;
  /** Aborted once new requests should have a connection with another certificate. */
  readonly retired: AbortSignal;
}

/**
 * Connects to an https origin and offers Token Binding; or, for a proxy, neither Token Binding nor HTTP/2.
 * Rejects with what went wrong, or with the reason of the signal.
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
function prepareConnectOrigin(
  { keyParameters, connect, allowH2 }: ConnectOptions,
  retired: AbortSignal,
): ConnectOrigin {
  // Every connection listens.
  setMaxListeners(0, retired);
  const { timeout = 10_000, keepAlive = true, keepAliveInitialDelay = 60_000, ...tlsOptions } = connect;
  const { maxCachedSessions = 100, checkServerIdentity = tls.checkServerIdentity, ...own } = tlsOptions;
  const createContext = () => createSecureContext(own);
  const offering = withTokenBinding(createContext, { keyParameters });
  const sessions = new SessionCache(maxCachedSessions);
  let silent: SecureContext | undefined;

  return async ({ origin, host }, isProxy, signal) => {
    signal.throwIfAborted();
    const name = origin.hostname.replace(/^\[|\]$/g, "");
    const session = isProxy ? undefined : sessions.get(origin.origin);
    const socket = tls.connect({
      ...(own as tls.ConnectionOptions),
      checkServerIdentity: (hostname, certificate) =>
        identityError(() => checkServerIdentity(hostname, certificate)),
      servername: isIP(name) === 0 ? name.replace(/\.$/, "") : "",
      host,
      port: Number(origin.port || 443),
      secureContext: isProxy ? (silent ??= createContext()) : offering,
      ALPNProtocols: allowH2 && !isProxy ? ["h2", "http/1.1"] : ["http/1.1"],
      ...(session && { session }),
    });
    if (!isProxy) {
      socket.on("session", (fresh) => {
        sessions.set(origin.origin, fresh);
      });
    }
    socket.setNoDelay(true).setKeepAlive(keepAlive, keepAliveInitialDelay);
    return { ...(await handshake(socket, origin, timeout, signal)), retired };
  };
}

function createSecureContext(options: TlsOptions): SecureContext {
  try {
    return tls.createSecureContext(options);
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    throw new TokenBindingError(
      "invalid_argument",
      `TokenBindingAgent: connect: expected options that make a TLS context, got ${code ?? message}`,
      { cause },
    );
  }
}

/** What a check of an application says; node:tls would let what it throws end the process. */
function identityError(check: () => unknown): Error | undefined {
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
  timeout: number,
  signal: AbortSignal,
): Promise<Omit<Connected, "retired">> {
  return new Promise((resolve, reject) => {
    const abort = () => socket.destroy(signal.reason as Error);
    const expire = () => {
      socket.destroy(new errors.ConnectTimeoutError(`no connection to ${origin.origin} in ${timeout} ms`));
    };
    const timer = timeout === 0 ? undefined : setTimeout(expire, timeout);
    const finish = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", abort);
    };
    signal.addEventListener("abort", abort);
    socket.once("secureConnect", () => {
      finish();
      try {
        // Now, since a destroyed socket can no longer tell.
        resolve({ socket, negotiated: negotiatedTokenBinding(socket) });
      } catch (error) {
        socket.destroy();
        reject(asError("unsupported_runtime", "Token Binding", error));
      }
    });
    // Kept attached, so that no error is unhandled before undici listens.
    socket.on("error", (error: Error) => {
      finish();
      reject(error);
    });
    socket.once("close", () => {
      finish();
      reject(new errors.SocketError(`connection to ${origin.origin}: closed in the handshake`));
    });
  });
}
