import tls from "node:tls";
import { type NegotiatedTokenBinding, negotiatedTokenBinding } from "@tokbind/tls";
import { receivedExtension } from "@tokbind/tls/raw";
import { onTestFinished } from "vitest";
import { certificate } from "../certificate.ts";
import { listenInTest } from "../listen-in-test.ts";
import { tokenBinding, type Wrapper } from "./wrappers.ts";

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
    this.server = wrap(() => tls.createServer({ ...certificate, ...options }));
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
    tls.connect({ port, host: "127.0.0.1", ca: certificate.cert, servername: "localhost", ...options }),
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
  const port = await listenInTest(listener.server);
  const reached = handshake.through ? await handshake.through(port) : port;
  const [clientEnd, serverEnd] = await Promise.all([
    connect(client, reached, { ...options, ...handshake.clientOptions }),
    listener.next(),
  ]);
  return { client: clientEnd, server: serverEnd, listener, port };
}
