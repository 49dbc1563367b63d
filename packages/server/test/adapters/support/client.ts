import { once } from "node:events";
import http, { type IncomingHttpHeaders, type IncomingMessage } from "node:http";
import http2, { type ClientHttp2Session } from "node:http2";
import { text } from "node:stream/consumers";
import tls, { type TLSSocket } from "node:tls";
import type { TokenBindingKey } from "@tokbind/crypto";
import { makeBinding, message, provided } from "@tokbind/testing/messages";
import { negotiatedTokenBinding, withTokenBinding } from "@tokbind/tls";
import { onTestFinished } from "vitest";

export type Protocol = "http/1.1" | "h2";

export interface Answer {
  readonly status: number;
  readonly text: string;
}

interface WholeAnswer extends Answer {
  readonly headers: IncomingHttpHeaders;
}

/** A request as a test likes it. */
interface TestRequest {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string | string[]>>;
  readonly trailers?: Readonly<Record<string, string>>;
}

/** One TLS connection, over which requests go one after the other (HTTP/1.1) or side by side (HTTP/2). */
export interface Client {
  readonly socket: TLSSocket;
  request(request?: TestRequest): Promise<Answer>;
  /** The same with header fields. */
  requestWhole(request?: TestRequest): Promise<WholeAnswer>;
  /** A valid Sec-Token-Binding value for this connection. */
  prove(key: TokenBindingKey): Promise<string>;
}

/** Connects until the test is over, and unless told otherwise negotiates Token Binding. */
export async function connect(
  protocol: Protocol,
  port: number,
  { offer = true, host = "127.0.0.1" }: { offer?: boolean; host?: string } = {},
): Promise<Client> {
  const context = () => tls.createSecureContext();
  const secureContext = offer ? withTokenBinding(context, { keyParameters: ["ecdsap256"] }) : context();
  const options = { host, port, servername: "localhost", rejectUnauthorized: false, secureContext };
  const socket = tls.connect({ ...options, ALPNProtocols: [protocol] });
  socket.on("error", () => undefined);
  onTestFinished(() => {
    socket.destroy();
  });
  await once(socket, "secureConnect");
  const session = protocol === "h2" ? openSession(socket) : undefined;
  const agent = new OneSocketAgent(socket);
  const requestWhole: Client["requestWhole"] = (request = {}) =>
    session ? sendHttp2(session, request) : sendHttp1(agent, request);
  return {
    socket,
    requestWhole,
    request: async (request) => {
      const { status, text } = await requestWhole(request);
      return { status, text };
    },
    prove: async (key) => {
      const { ekm } = negotiatedTokenBinding(socket)!;
      return message(await makeBinding({ type: provided, key, ekm }));
    },
  };
}

class OneSocketAgent extends http.Agent {
  readonly #socket: TLSSocket;

  constructor(socket: TLSSocket) {
    super({ keepAlive: true, maxSockets: 1 });
    this.#socket = socket;
  }

  override createConnection(): TLSSocket {
    return this.#socket;
  }
}

async function sendHttp1(agent: http.Agent, request: TestRequest): Promise<WholeAnswer> {
  const { method = "GET", path = "/", headers = {}, trailers } = request;
  const outgoing = http.request({ agent, method, path, headers: { host: "localhost", ...headers } });
  if (trailers !== undefined) {
    outgoing.write("body");
    outgoing.addTrailers(trailers);
  }
  outgoing.end();
  const [response] = (await once(outgoing, "response")) as [IncomingMessage];
  return { status: response.statusCode!, text: await text(response), headers: response.headers };
}

function openSession(socket: TLSSocket): ClientHttp2Session {
  const session = http2.connect("https://localhost", { createConnection: () => socket });
  session.on("error", () => undefined);
  return session;
}

async function sendHttp2(session: ClientHttp2Session, request: TestRequest): Promise<WholeAnswer> {
  const { method = "GET", path = "/", headers = {}, trailers } = request;
  const stream = session.request(
    { ...headers, ":method": method, ":path": path },
    { endStream: trailers === undefined && method === "GET", waitForTrailers: trailers !== undefined },
  );
  if (trailers !== undefined)
    stream
      .on("wantTrailers", () => {
        stream.sendTrailers({ ...trailers });
      })
      .end("body");
  else if (method !== "GET") stream.end();
  const [head] = (await once(stream, "response")) as [http2.IncomingHttpHeaders & { ":status"?: number }];
  return { status: head[":status"]!, text: await text(stream), headers: head };
}
