import { once } from "node:events";
import { readFileSync } from "node:fs";
import http2, {
  type ClientHttp2Session,
  type Http2ServerRequest,
  type Http2ServerResponse,
} from "node:http2";
import https from "node:https";
import type { RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import tls, { type SecureVersion, type TLSSocket } from "node:tls";
import { negotiatedTokenBinding, withTokenBinding } from "@tokbind/tls";
import { onTestFinished } from "vitest";

const fixture = (name: string) =>
  readFileSync(new URL(`../../../testing/certificate/${name}`, import.meta.url), "utf8");

const certificate = { cert: fixture("cert.pem"), key: fixture("key.pem") };

/** Starts an HTTPS server that answers Token Binding offers, and returns its port. */
export async function startServer(listener: RequestListener): Promise<number> {
  const server = withTokenBinding(() => https.createServer(certificate, listener));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return (server.address() as AddressInfo).port;
}

/** A TLS connection over which a test says exactly what it likes. */
export class RawClient {
  readonly socket: TLSSocket;
  #received = "";

  constructor(socket: TLSSocket) {
    this.socket = socket.setEncoding("latin1");
    socket.on("data", (chunk: string) => (this.#received += chunk));
  }

  get ekm(): Uint8Array {
    return negotiatedTokenBinding(this.socket)!.ekm;
  }

  /** Sends the lines and returns the status and the body of the answer, which must be JSON. */
  async send(...lines: string[]): Promise<{ status: number; body: unknown; head: string }> {
    this.socket.write([...lines, "", ""].join("\r\n"), "latin1");
    for (;;) {
      const match = /^HTTP\/1\.1 (\d+)[^]*?Content-Length: (\d+)\r\n[^]*?\r\n\r\n/.exec(this.#received);
      const end = match === null ? Infinity : match[0].length + Number(match[2]);
      if (match !== null && this.#received.length >= end) {
        const body: unknown = JSON.parse(this.#received.slice(match[0].length, end));
        this.#received = this.#received.slice(end);
        return { status: Number(match[1]), body, head: match[0] };
      }
      await once(this.socket, "data");
    }
  }

  get(...headers: string[]) {
    return this.send("GET / HTTP/1.1", "Host: localhost", ...headers);
  }
}

/** Connects and, unless told otherwise, negotiates Token Binding. */
export async function connect(
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

/** Starts an HTTP/2 server and opens a session with it that negotiated Token Binding. */
export async function connectHttp2(
  listener: (request: Http2ServerRequest, response: Http2ServerResponse) => void,
): Promise<{ session: ClientHttp2Session; ekm: Uint8Array }> {
  const server = withTokenBinding(() => http2.createSecureServer(certificate, listener));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const session = withTokenBinding(
    () =>
      http2.connect(`https://localhost:${port}`, {
        createConnection: () =>
          tls.connect({ host: "127.0.0.1", port, ALPNProtocols: ["h2"], rejectUnauthorized: false }),
      }),
    { keyParameters: ["ecdsap256"] },
  );
  onTestFinished(() => {
    session.destroy();
    server.close();
  });
  await once(session, "connect");
  return { session, ekm: negotiatedTokenBinding(session.socket)!.ekm };
}
