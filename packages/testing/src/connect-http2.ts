import { once } from "node:events";
import http2, {
  type ClientHttp2Session,
  type Http2SecureServer,
  type Http2ServerRequest,
  type Http2ServerResponse,
} from "node:http2";
import tls from "node:tls";
import { negotiatedTokenBinding, withTokenBinding } from "@tokbind/tls";
import { onTestFinished } from "vitest";
import { certificate } from "./certificate.ts";
import { listenInTest } from "./listen-in-test.ts";

/** A session of HTTP/2 that negotiated ecdsap256. */
export interface Http2Connection {
  readonly server: Http2SecureServer;
  readonly session: ClientHttp2Session;
  /** 32 bytes. */
  readonly ekm: Uint8Array;
}

/** Starts an HTTP/2 server and opens a session with it, both for the length of a test. */
export async function connectHttp2(
  listener?: (request: Http2ServerRequest, response: Http2ServerResponse) => void,
): Promise<Http2Connection> {
  const server = withTokenBinding(() => http2.createSecureServer(certificate, listener));
  const port = await listenInTest(server);
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
  });
  await once(session, "connect");
  return { server, session, ekm: negotiatedTokenBinding(session.socket)!.ekm };
}
