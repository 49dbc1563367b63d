import { once } from "node:events";
import net, { isIP, type Socket } from "node:net";
import { connect as connectTls, type ConnectionOptions, type TLSSocket } from "node:tls";
import { TokenBindingError } from "@tokbind/codec";
import { checkOptions, isBoolean, type OptionRule } from "@tokbind/codec/options";
import { malformed } from "./ber.ts";
import { isTimeout, withConnection } from "./with-connection.ts";

/** Where a directory is, and how TLS with it begins. */
export interface DirectoryOptions {
  /** Name or IP address; the certificate has to name it. */
  readonly host: string;
  /** Default 636, or 389 with `startTls`. */
  readonly port?: number | undefined;
  /** Begin without TLS and upgrade (RFC 4511 section 4.14). Default false: TLS from the first byte (LDAPS). */
  readonly startTls?: boolean | undefined;
  /** What else `tls.connect` takes: `ca`, `minVersion`, `session`, … */
  readonly tls?: ConnectionOptions | undefined;
  /** Milliseconds until TLS has to be there. Default 30,000. */
  readonly timeout?: number | undefined;
}

/** The rules of {@link DirectoryOptions}. */
export const directoryRules: Readonly<Record<keyof DirectoryOptions, OptionRule>> = {
  host: {
    expected: "a host name or an IP address",
    test: (value) => typeof value === "string" && value !== "",
    required: true,
  },
  port: {
    expected: "a port, 1 to 65535",
    test: (value) => Number.isInteger(value) && (value as number) >= 1 && (value as number) <= 65_535,
  },
  startTls: isBoolean,
  tls: { expected: "options of tls.connect", test: (value) => typeof value === "object" && value !== null },
  timeout: isTimeout,
};

const startTlsName = "1.3.6.1.4.1.1466.20037";
const defaultTimeout = 30_000;

/**
 * Connects to a directory over LDAPS or StartTLS. Bind over the socket with {@link bindScram}, {@link bindNtlm} or
 * {@link bindKerberos}.
 *
 * @throws TokenBindingError `connection_lost` (with the cause: refused, a certificate that is not trusted, …), `timed_out`,
 * `bind_refused` for a directory that refuses StartTLS, `invalid_encoding`, `invalid_argument`
 * @example
 * ```ts
 * const socket = await connectDirectory({ host: "dc.example.com", tls: { ca } });
 * ```
 */
export async function connectDirectory(options: DirectoryOptions): Promise<TLSSocket> {
  checkOptions("connectDirectory", options, directoryRules);
  const { host, startTls = false, port = startTls ? 389 : 636, tls = {}, timeout = defaultTimeout } = options;
  const signal = AbortSignal.timeout(timeout);
  const secure = { host, ...(isIP(host) === 0 && { servername: host }), ...tls };
  if (!startTls) return secured(connectTls({ ...secure, port }), signal, timeout);
  const raw = net.connect({ host, port });
  await reached(raw, "connect", signal, timeout);
  await withConnection(raw, timeout, async (connection) => {
    const { resultCode, message } = await connection.extended(startTlsName);
    if (resultCode !== 0) {
      throw new TokenBindingError(
        "bind_refused",
        `expected the directory to start TLS, got result ${resultCode} ${message}`.trim(),
      );
    }
    // Whatever comes before TLS anybody can have put there.
    if (raw.readableLength > 0) throw malformed("nothing between the answer to StartTLS and TLS");
  });
  return secured(connectTls({ ...secure, socket: raw }), signal, timeout);
}

async function secured(socket: TLSSocket, signal: AbortSignal, timeout: number): Promise<TLSSocket> {
  await reached(socket, "secureConnect", signal, timeout);
  return socket;
}

/** Waits for an event of a socket, and closes it when another comes first. Nothing is left on the socket. */
async function reached(socket: Socket, event: string, signal: AbortSignal, timeout: number): Promise<void> {
  const over = new AbortController();
  const options = { signal: AbortSignal.any([signal, over.signal]) };
  const closed = once(socket, "close", options).then(() => {
    throw new Error("it closed the connection");
  });
  try {
    await Promise.race([once(socket, event, options), closed]);
  } catch (error) {
    socket.on("error", () => undefined).destroy();
    const { message } = error as Error;
    throw signal.aborted
      ? new TokenBindingError("timed_out", `expected a TLS connection within ${timeout} ms`)
      : new TokenBindingError("connection_lost", `expected a TLS connection with the directory: ${message}`, {
          cause: error,
        });
  } finally {
    over.abort();
  }
}
