import { once } from "node:events";
import { createServer, type Server } from "node:http";
import net from "node:net";
import { join } from "node:path";
import { type ClientCertificate, type NodeRequest, TokenBindingError } from "../../src/index.ts";
import { RawClient, temporaryDirectory } from "@tokbind/testing/vitest";
import { onTestFinished } from "vitest";

/** A server behind a proxy, which says of each request what the verifier says. */
export function createBackend(verifier: {
  verify: (request: NodeRequest) => ClientCertificate;
  vary: string;
}): Server {
  return createServer((request, response) => {
    let [status, body]: [number, object] = [200, {}];
    try {
      const { kind, names, "x5t#S256": x5t } = verifier.verify(request);
      body = { kind, names, x5t };
    } catch (error) {
      if (!(error instanceof TokenBindingError)) throw error;
      [status, body] = [error.status, { code: error.code }];
    }
    const text = JSON.stringify(body);
    response.setHeader("Vary", verifier.vary);
    response.writeHead(status, { "Content-Length": Buffer.byteLength(text) }).end(text);
  });
}

/** Listens on a Unix socket for the length of a test, and returns its path. */
export async function listenOnSocket(server: Server): Promise<string> {
  const path = join(await temporaryDirectory(), "backend.sock");
  server.listen(path);
  await once(server, "listening");
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return path;
}

export async function connectPlain(to: net.NetConnectOpts): Promise<RawClient> {
  const socket = net.connect(to);
  await once(socket, "connect");
  onTestFinished(() => {
    socket.destroy();
  });
  return new RawClient(socket as never);
}
