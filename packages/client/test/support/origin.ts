import { once } from "node:events";
import { readFileSync } from "node:fs";
import type { IncomingMessage, RequestListener, Server, ServerResponse } from "node:http";
import http2, { type Http2ServerRequest, type ServerHttp2Session } from "node:http2";
import https from "node:https";
import type { AddressInfo, Socket } from "node:net";
import type { SecureContextOptions, TLSSocket } from "node:tls";
import {
  decodeBase64url,
  decodeTokenBindingMessage,
  encodeBase64url,
  type KeyParameters,
  keyParametersCodes,
  signedData,
  tokenBindingTypes,
} from "@tokbind/codec";
import { importPublicKey, verify } from "@tokbind/crypto";
import { type NegotiatedTokenBinding, negotiatedTokenBinding, withTokenBinding } from "@tokbind/tls";

const fixture = (name: string) =>
  readFileSync(new URL(`../../../testing/certificate/${name}`, import.meta.url), "utf8");
export const certificate = fixture("cert.pem");
const key = fixture("key.pem");

/** One request as the server saw it. */
interface Seen {
  readonly method: string;
  readonly path: string;
  readonly socket: object;
  readonly httpVersion: string;
  readonly resumed: boolean;
  readonly tlsVersion: string | null;
  readonly negotiated: KeyParameters | undefined;
  /** Values of all its Sec-Token-Binding fields. */
  readonly fields: readonly string[];
  /** The provided ID in base64url when there is one field and it is right for this very connection. */
  readonly id: string | undefined;
}

export interface Origin {
  readonly server: Server;
  readonly port: number;
  readonly url: string;
  readonly seen: Seen[];
  readonly sockets: Set<Socket>;
  /** What the connection of a request that came as an event negotiated. */
  negotiatedOf(request: IncomingMessage): NegotiatedTokenBinding | undefined;
  /** Ends all HTTP/2 connections as a server does that restarts. */
  goAway(): void;
  /** Distinct connections that carried requests. */
  connections(): number;
  close(): Promise<void>;
}

export interface OriginOptions extends SecureContextOptions {
  /** Empty: the server does not speak Token Binding. */
  readonly keyParameters?: readonly KeyParameters[];
  readonly http2?: boolean;
  readonly keepAliveTimeout?: number;
  readonly answer?: RequestListener;
}

/** An origin on loopback that looks at every request with nothing but its own end of the connection. */
export async function startOrigin(options: OriginOptions = {}): Promise<Origin> {
  const { keyParameters, http2: isHttp2, keepAliveTimeout, answer = answerOk, ...contextOptions } = options;
  const seen: Seen[] = [];
  const sockets = new Set<Socket>();
  const sessions = new Set<ServerHttp2Session>();
  const listener = (request: IncomingMessage, response: ServerResponse) => {
    seen.push(look(request));
    answer(request, response);
  };
  const create = (): Server => {
    const tls = { key, cert: certificate, ...contextOptions };
    if (!isHttp2) return https.createServer(tls, listener);
    return http2.createSecureServer({ ...tls, allowHTTP1: true }, listener as never) as unknown as Server;
  };
  const silent = keyParameters?.length === 0;
  const server = silent ? create() : withTokenBinding(create, keyParameters ? { keyParameters } : {});
  if (keepAliveTimeout !== undefined) server.keepAliveTimeout = keepAliveTimeout;
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  server.on("session", (session: ServerHttp2Session) => sessions.add(session));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    server,
    port,
    url: `https://localhost:${port}`,
    seen,
    sockets,
    goAway: () => {
      for (const session of sessions) session.close();
      sessions.clear();
    },
    negotiatedOf: (request) => negotiatedTokenBinding(tlsSocket(request.socket)),
    connections: () => new Set(seen.map(({ socket }) => socket)).size,
    close: async () => {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, "close");
    },
  };
}

const answerOk: RequestListener = (request, response) => {
  request.pipe(response);
};

function look(request: IncomingMessage): Seen {
  const session = (request as unknown as Partial<Http2ServerRequest>).stream?.session;
  const socket = tlsSocket(session?.socket ?? request.socket);
  const negotiated = negotiatedTokenBinding(socket);
  const fields = request.rawHeaders.filter(
    (_value, i, all) => i % 2 === 1 && all[i - 1]!.toLowerCase() === "sec-token-binding",
  );
  return {
    method: request.method!,
    path: request.url!,
    // http2 hands out a proxy of the socket, a new one for each session.
    socket: session?.socket ?? socket,
    httpVersion: request.httpVersion,
    resumed: socket.isSessionReused(),
    tlsVersion: socket.getProtocol(),
    negotiated: negotiated?.keyParameters,
    fields,
    id: negotiated && verifyField(fields, negotiated.keyParameters, negotiated.ekm),
  };
}

function verifyField(fields: readonly string[], keyParameters: KeyParameters, ekm: Uint8Array) {
  if (fields.length !== 1) return undefined;
  const { tokenBindings } = decodeTokenBindingMessage(decodeBase64url(fields[0]!));
  const [binding, ...others] = tokenBindings;
  const code = keyParametersCodes[keyParameters];
  if (others.length > 0 || binding?.type !== tokenBindingTypes.provided) return undefined;
  if (binding.id.keyParameters !== code) return undefined;
  const data = signedData(binding.type, code, ekm);
  return verify(importPublicKey(binding.id), data, binding.signature)
    ? encodeBase64url(binding.id.bytes)
    : undefined;
}

const tlsSocket = (socket: unknown): TLSSocket => socket as TLSSocket;
