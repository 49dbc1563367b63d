import { once } from "node:events";
import tls, { type SecureVersion, type TLSSocket } from "node:tls";
import { negotiatedTokenBinding, withTokenBinding } from "@tokbind/tls";
import { onTestFinished } from "vitest";

/** The answer to a request of a {@link RawClient}. */
export interface RawAnswer {
  readonly status: number;
  /** Decoded JSON. */
  readonly body: unknown;
  /** Status line and header section as they came. */
  readonly head: string;
}

/** A TLS connection over which a test says exactly what it likes, in HTTP/1.1. */
export class RawClient {
  readonly socket: TLSSocket;
  #received = "";

  constructor(socket: TLSSocket) {
    this.socket = socket.setEncoding("latin1");
    socket.on("data", (chunk: string) => (this.#received += chunk));
  }

  /** 32 bytes, of a connection that negotiated. */
  get ekm(): Uint8Array {
    return negotiatedTokenBinding(this.socket)!.ekm;
  }

  /** Sends the lines and returns the answer, which must have a Content-Length and be JSON. */
  async send(...lines: string[]): Promise<RawAnswer> {
    this.socket.write([...lines, "", ""].join("\r\n"), "latin1");
    for (;;) {
      const match = /^HTTP\/1\.1 (\d+)[^]*?Content-Length: (\d+)\r\n(?:[^]*?\r\n)?\r\n/i.exec(this.#received);
      const end = match === null ? Infinity : match[0].length + Number(match[2]);
      if (match !== null && this.#received.length >= end) {
        const body: unknown = JSON.parse(this.#received.slice(match[0].length, end));
        this.#received = this.#received.slice(end);
        return { status: Number(match[1]), body, head: match[0] };
      }
      await once(this.socket, "data");
    }
  }

  get(...headers: string[]): Promise<RawAnswer> {
    return this.send("GET / HTTP/1.1", "Host: localhost", ...headers);
  }
}

/** Connects for the length of a test and, unless told otherwise, negotiates Token Binding with ecdsap256. */
export async function connectRaw(
  port: number,
  { offer = true, version = "TLSv1.3" }: { offer?: boolean; version?: SecureVersion } = {},
): Promise<RawClient> {
  const context = () => tls.createSecureContext({ minVersion: version, maxVersion: version });
  const secureContext = offer ? withTokenBinding(context, { keyParameters: ["ecdsap256"] }) : context();
  const options = { host: "127.0.0.1", servername: "localhost", rejectUnauthorized: false };
  const socket = tls.connect({ ...options, port, secureContext });
  await once(socket, "secureConnect");
  onTestFinished(() => {
    socket.destroy();
  });
  return new RawClient(socket);
}
