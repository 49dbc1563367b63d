import type { KeyParameters } from "@tokbind/codec";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import type { AddressInfo, Server } from "node:net";
import * as tls from "node:tls";
import { onTestFinished } from "vitest";
import { type NegotiatedTokenBinding, negotiatedTokenBinding, withTokenBinding } from "@tokbind/tls";
import { receivedExtension, withRawExtension } from "@tokbind/tls/raw";

const fixture = (name: string) =>
  readFileSync(new URL(`../../../testing/certificate/${name}`, import.meta.url), "utf8");

/** Of localhost and a few more names; valid until 2099. */
export const credentials = { key: fixture("key.pem"), cert: fixture("cert.pem") };

export const versions = ["TLSv1.2", "TLSv1.3"] as const;

/** Both ends speak exactly this version. */
export const only = (version: tls.SecureVersion) => ({ minVersion: version, maxVersion: version });

/** OpenSSL's SSL_OP_NO_EXTENDED_MASTER_SECRET, which node:constants does not name. */
export const withoutExtendedMasterSecret = { secureOptions: 1 };

/** How an end makes its TLS context. */
export type Wrapper = <T>(create: () => T) => T;

export const tokenBinding =
  (...keyParameters: KeyParameters[]): Wrapper =>
  (create) =>
    withTokenBinding(create, keyParameters.length > 0 ? { keyParameters } : {});

/** Sends these extension bodies, in hexadecimal, and checks nothing. */
export const raw =
  (bodies: { offer?: string; answer?: string }): Wrapper =>
  (create) => {
    const extension = Object.entries(bodies).map(([name, hex]) => [name, Buffer.from(hex, "hex")]);
    return withRawExtension(create, Object.fromEntries(extension) as object);
  };

export const plain: Wrapper = (create) => create();

export async function listen(server: Server): Promise<number> {
  server.listen(0, "127.0.0.1");
  onTestFinished(() => void server.close());
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

/** How a handshake ended, as one end saw it. */
export interface End {
  socket: tls.TLSSocket | undefined;
  negotiated: NegotiatedTokenBinding | undefined;
  /** The peer's extension body in hexadecimal. */
  received: string | undefined;
  error: NodeJS.ErrnoException | undefined;
  /** Number of the alert that the peer sent. */
  alert: number | undefined;
}

const success = (socket: tls.TLSSocket): End => {
  const received = receivedExtension(socket);
  return {
    socket,
    negotiated: negotiatedTokenBinding(socket),
    received: received && Buffer.from(received).toString("hex"),
    error: undefined,
    alert: undefined,
  };
};

const failure = (error: NodeJS.ErrnoException): End => {
  const alert = /SSL alert number (\d+)/.exec(error.message)?.[1];
  return {
    socket: undefined,
    negotiated: undefined,
    received: undefined,
    error,
    alert: alert === undefined ? undefined : Number(alert),
  };
};

/** A server that echoes, and a promise of how each connection ended. */
export class Listener {
  readonly server: tls.Server;
  readonly #ends: End[] = [];
  readonly #waiting: ((end: End) => void)[] = [];

  constructor(wrap: Wrapper, options: tls.TlsOptions = {}) {
    this.server = wrap(() => tls.createServer({ ...credentials, ...options }));
    this.server.on("secureConnection", (socket) => {
      socket.on("error", () => undefined).pipe(socket);
      onTestFinished(() => void socket.destroy());
      this.#push(success(socket));
    });
    this.server.on("tlsClientError", (error) => {
      this.#push(failure(error));
    });
  }

  /** How the next connection ended. */
  async next(): Promise<End> {
    return this.#ends.shift() ?? new Promise((resolve) => this.#waiting.push(resolve));
  }

  #push(end: End): void {
    const waiting = this.#waiting.shift();
    if (waiting) waiting(end);
    else this.#ends.push(end);
  }
}

export async function connect(
  wrap: Wrapper,
  port: number,
  options: tls.ConnectionOptions = {},
): Promise<End & { session: Promise<Buffer> }> {
  const socket = wrap(() =>
    tls.connect({ port, host: "127.0.0.1", ca: credentials.cert, servername: "localhost", ...options }),
  );
  onTestFinished(() => void socket.destroy());
  const session = new Promise<Buffer>((resolve) => socket.once("session", resolve));
  const end = await new Promise<End>((resolve) => {
    socket.once("secureConnect", () => {
      resolve(success(socket));
    });
    socket.on("error", (error: NodeJS.ErrnoException) => {
      resolve(failure(error));
    });
  });
  return { ...end, session };
}

export interface Handshake {
  server?: Wrapper;
  client?: Wrapper;
  /** For both ends. */
  options?: tls.SecureContextOptions;
  serverOptions?: tls.TlsOptions;
  clientOptions?: tls.ConnectionOptions;
  /** Puts something between the two: given the server's port, resolves to the port to connect to. */
  through?: (port: number) => Promise<number>;
}

/** One handshake over loopback, as both ends saw it. Each end offers or accepts everything unless told otherwise. */
export async function handshake(handshake: Handshake) {
  const { server = tokenBinding(), client = tokenBinding(), options } = handshake;
  const listener = new Listener(server, { ...options, ...handshake.serverOptions });
  const port = await listen(listener.server);
  const reached = handshake.through ? await handshake.through(port) : port;
  const [clientEnd, serverEnd] = await Promise.all([
    connect(client, reached, { ...options, ...handshake.clientOptions }),
    listener.next(),
  ]);
  return { client: clientEnd, server: serverEnd, listener, port };
}
