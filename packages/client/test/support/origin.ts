import type { IncomingMessage, RequestListener, Server, ServerResponse } from "node:http";
import http2, { type Http2ServerRequest, type ServerHttp2Session } from "node:http2";
import https from "node:https";
import type { Socket } from "node:net";
import type { SecureContextOptions, TLSSocket, TlsOptions } from "node:tls";
import {
  decodeBase64url,
  decodeTokenBindingMessage,
  encodeBase64url,
  type KeyParameters,
} from "@tokbind/codec";
import { MessageVerifier } from "@tokbind/message";
import { certificate } from "@tokbind/testing";
import { listenInTest } from "@tokbind/testing/vitest";
import { type NegotiatedTokenBinding, negotiatedTokenBinding, withTokenBinding } from "@tokbind/tls";
import { onTestFinished } from "vitest";

/** One request as the server saw it. */
interface Seen {
  readonly method: string;
  readonly path: string;
  readonly socket: object;
  readonly httpVersion: string;
  readonly resumed: boolean;
  readonly tlsVersion: string | null;
  /** What the client named in SNI; false: nothing. */
  readonly servername: string | false;
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
  /** Looks at a request that came as another event. */
  look(request: IncomingMessage): Seen;
  /** What the connection of a request that came as an event negotiated. */
  negotiatedOf(request: IncomingMessage): NegotiatedTokenBinding | undefined;
  /** Ends all HTTP/2 connections as a server does that restarts. */
  goAway(): void;
  /** Distinct connections that carried requests. */
  connections(): number;
}

export interface OriginOptions extends SecureContextOptions, Pick<TlsOptions, "ticketKeys" | "requestCert"> {
  /** Empty: the server does not speak Token Binding. */
  readonly keyParameters?: readonly KeyParameters[];
  readonly http2?: boolean;
  readonly keepAliveTimeout?: number;
  readonly answer?: RequestListener;
  /** What to do with a connection whose handshake is complete. */
  readonly onSecure?: (socket: TLSSocket, raw: Socket) => void;
}

/**
 * An origin on loopback for the length of a test, which looks at every request with nothing but its own end of the
 * connection.
 */
export async function serve(options: OriginOptions = {}): Promise<Origin> {
  const {
    keyParameters,
    http2: isHttp2,
    keepAliveTimeout,
    answer = answerOk,
    onSecure,
    ...tlsOptions
  } = options;
  const seen: Seen[] = [];
  const sockets = new Set<Socket>();
  const sessions = new Set<ServerHttp2Session>();
  const listener = (request: IncomingMessage, response: ServerResponse) => {
    seen.push(look(request));
    answer(request, response);
  };
  const create = (): Server => {
    const tls = { ...certificate, ...tlsOptions };
    if (!isHttp2) return https.createServer(tls, listener);
    return http2.createSecureServer({ ...tls, allowHTTP1: true }, listener as never) as unknown as Server;
  };
  const silent = keyParameters?.length === 0;
  const server = silent ? create() : withTokenBinding(create, keyParameters ? { keyParameters } : {});
  if (keepAliveTimeout !== undefined) server.keepAliveTimeout = keepAliveTimeout;
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined).on("close", () => sockets.delete(socket));
  });
  if (onSecure !== undefined) {
    server.on("secureConnection", (socket: TLSSocket) => {
      const raw = [...sockets].find(({ remotePort }) => remotePort === socket.remotePort)!;
      onSecure(
        socket.on("error", () => undefined),
        raw,
      );
    });
  }
  server.on("session", (session: ServerHttp2Session) => {
    sessions.add(session.on("error", () => undefined));
  });
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
  });
  const port = await listenInTest(server);
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
    look,
    negotiatedOf: (request) => negotiatedTokenBinding(request.socket),
    connections: () => new Set(seen.map(({ socket }) => socket)).size,
  };
}

const answerOk: RequestListener = (request, response) => {
  request.pipe(response);
};

type ServerSocket = TLSSocket & { readonly servername: string | false };

function look(request: IncomingMessage): Seen {
  const session = (request as unknown as Partial<Http2ServerRequest>).stream?.session;
  const socket = (session?.socket ?? request.socket) as unknown as ServerSocket;
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
    servername: socket.servername,
    negotiated: negotiated?.keyParameters,
    fields,
    id: negotiated && verify(fields, negotiated),
  };
}

function verify(fields: readonly string[], negotiated: NegotiatedTokenBinding): string | undefined {
  if (fields.length !== 1) return undefined;
  const message = decodeTokenBindingMessage(decodeBase64url(fields[0]!));
  const { provided, referred, others } = new MessageVerifier().verify(message, negotiated);
  if (provided === undefined || referred !== undefined || others.length > 0) return undefined;
  return encodeBase64url(provided.id);
}
