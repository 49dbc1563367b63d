import type { IncomingMessage, ServerResponse } from "node:http";
import http2, { type Http2SecureServer } from "node:http2";
import https, { type Server } from "node:https";
import type { TLSSocket, TlsOptions } from "node:tls";
import { certificate } from "@tokbind/testing";
import { type CertificateVerifier, TokenBindingError } from "../../src/index.ts";
import type { Protocol } from "./clients.ts";

/** A server that says of each request what the verifier says, and whether its TLS session was resumed. */
export function createServer(
  protocol: Protocol,
  { verify }: Pick<CertificateVerifier, "verify">,
  options: TlsOptions,
): Server | Http2SecureServer {
  const listener = (request: IncomingMessage, response: ServerResponse) => {
    const reused = (request.socket as unknown as TLSSocket).isSessionReused();
    let [status, body]: [number, object] = [200, {}];
    try {
      const { kind, names, "x5t#S256": x5t } = verify(request);
      body = { kind, names, x5t, reused };
    } catch (error) {
      if (!(error instanceof TokenBindingError)) throw error;
      [status, body] = [error.status, { code: error.code, reused }];
    }
    const text = JSON.stringify(body);
    response.writeHead(status, { "Content-Length": Buffer.byteLength(text) }).end(text);
  };
  const all = { ...certificate, ...options };
  return protocol === "h2"
    ? http2.createSecureServer(all, listener as never)
    : https.createServer(all, listener);
}

/** As many a server of TLS 1.2 does, which keeps sessions itself instead of giving tickets. */
export function keepSessions(server: Server | Http2SecureServer): void {
  const sessions = new Map<string, Buffer>();
  server.on("newSession", (id: Buffer, data: Buffer, done: () => void) => {
    sessions.set(id.toString("hex"), data);
    done();
  });
  server.on("resumeSession", (id: Buffer, done: (error: null, data: Buffer | null) => void) => {
    done(null, sessions.get(id.toString("hex")) ?? null);
  });
}
