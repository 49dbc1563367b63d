import { once } from "node:events";
import http2 from "node:http2";
import tls, { type SecureVersion, type TLSSocket } from "node:tls";
import { RawClient } from "@tokbind/testing/vitest";
import { onTestFinished } from "vitest";

export type Protocol = "http/1.1" | "h2";

export interface ClientOptions {
  readonly port: number;
  readonly version: SecureVersion;
  readonly protocol: Protocol;
  /** PEM; left out by somebody without a certificate. */
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  /** To resume. */
  readonly session?: Buffer | undefined;
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/** One connection, for the length of a test, over which requests are sent one after the other. */
export interface Client {
  readonly socket: TLSSocket;
  get: (headers?: Record<string, string>) => Promise<Answer>;
  /** What the server gave to resume with. */
  session: () => Promise<Buffer>;
}

export async function connect({
  port,
  version,
  protocol,
  cert,
  key,
  session,
}: ClientOptions): Promise<Client> {
  const socket = tls.connect({
    ...{ port, host: "127.0.0.1", servername: "localhost", rejectUnauthorized: false },
    ...{ minVersion: version, maxVersion: version, ALPNProtocols: [protocol] },
    ...(cert !== undefined && { cert, key }),
    ...(session && { session }),
  });
  const sessions: Buffer[] = [];
  socket.on("session", (each) => sessions.push(each));
  onTestFinished(() => {
    socket.destroy();
  });
  await once(socket, "secureConnect");
  const get = protocol === "h2" ? overHttp2(socket) : overHttp1(socket);
  return {
    socket,
    get,
    session: async () => {
      // In TLS 1.3 it comes after the handshake.
      if (sessions.length === 0) await once(socket, "session");
      return sessions.at(-1)!;
    },
  };
}

function overHttp1(socket: TLSSocket): Client["get"] {
  const client = new RawClient(socket);
  return (headers = {}) => client.get(...Object.entries(headers).map((field) => field.join(": ")));
}

function overHttp2(socket: TLSSocket): Client["get"] {
  const session = http2.connect("https://localhost", { createConnection: () => socket });
  return async (headers = {}) => {
    const stream = session.request(headers);
    const [head] = (await once(stream, "response")) as [{ ":status": number }];
    let text = "";
    for await (const chunk of stream.setEncoding("utf8")) text += String(chunk);
    return { status: head[":status"], body: JSON.parse(text) };
  };
}
