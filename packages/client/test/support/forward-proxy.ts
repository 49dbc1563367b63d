import http, { type IncomingMessage } from "node:http";
import https from "node:https";
import net, { type Server, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import tls from "node:tls";
import { certificate } from "@tokbind/testing";
import { listenInTest } from "@tokbind/testing/vitest";
import { negotiatedTokenBinding, withTokenBinding } from "@tokbind/tls";
import { onTestFinished } from "vitest";

/** One request as the proxy saw it. */
interface Seen {
  readonly method: string;
  readonly url: string;
  readonly rawHeaders: readonly string[];
  /** Whether the client offered Token Binding to the proxy, which would have accepted. */
  readonly isBound: boolean;
}

export interface TestProxy {
  readonly port: number;
  /** Without credentials. */
  readonly url: string;
  readonly seen: Seen[];
  readonly sockets: Set<Duplex>;
}

/** A forward proxy on loopback for the length of a test: all names are on this machine. */
export async function serveProxy(
  options: { isHttps?: boolean; authorization?: string } = {},
): Promise<TestProxy> {
  const { isHttps = false, authorization } = options;
  const seen: Seen[] = [];
  const sockets = new Set<Duplex>();
  const look = ({ method, url, rawHeaders, socket, headers }: IncomingMessage): boolean => {
    const isBound = negotiatedTokenBinding(socket) !== undefined;
    seen.push({ method: method!, url: url!, rawHeaders, isBound });
    return authorization === undefined || headers["proxy-authorization"] === authorization;
  };
  const forward = (incoming: IncomingMessage, response: http.ServerResponse) => {
    if (!look(incoming)) {
      response.writeHead(407).end();
      return;
    }
    const { port, pathname, search } = new URL(incoming.url!);
    const headers = { ...incoming.headers };
    delete headers["proxy-authorization"];
    const target = { host: "127.0.0.1", port, path: pathname + search, method: incoming.method, headers };
    const onward = http.request(target, (answer) => {
      response.writeHead(answer.statusCode!, answer.headers);
      answer.pipe(response);
    });
    incoming.pipe(onward);
  };
  const server = isHttps
    ? withTokenBinding(() => https.createServer(certificate, forward))
    : http.createServer(forward);
  server.on("connect", (incoming: IncomingMessage, socket: Socket) => {
    if (!look(incoming)) {
      socket.end("HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n");
      return;
    }
    const onward = net.connect(Number(incoming.url!.split(":").at(-1)), "127.0.0.1");
    onward.once("connect", () => socket.write("HTTP/1.1 200 Connection established\r\n\r\n"));
    onward.on("error", () => socket.destroy()).on("close", () => socket.destroy());
    socket.on("error", () => onward.destroy()).on("close", () => onward.destroy());
    socket.pipe(onward).pipe(socket);
  });
  const port = await listenInTest(track(server, sockets));
  return { port, url: `${isHttps ? "https" : "http"}://127.0.0.1:${port}`, seen, sockets };
}

/**
 * A proxy that does as it likes, for the length of a test: gets each connection when something came over it.
 *
 * @returns its URL, with credentials
 */
export async function serveHostileProxy(
  answer: (socket: Socket) => void,
  { isHttps = false } = {},
): Promise<{ url: string; sockets: Set<Duplex> }> {
  const sockets = new Set<Duplex>();
  const serve = (socket: Socket) => {
    socket
      .on("error", () => undefined)
      .once("data", () => {
        answer(socket);
      });
  };
  const server = isHttps ? tls.createServer(certificate, serve) : net.createServer(serve);
  const port = await listenInTest(track(server, sockets));
  return { url: `${isHttps ? "https" : "http"}://alice:s3cr%33t-4711@127.0.0.1:${port}`, sockets };
}

function track(server: Server, sockets: Set<Duplex>): Server {
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined).on("close", () => sockets.delete(socket));
  });
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
  });
  return server;
}
