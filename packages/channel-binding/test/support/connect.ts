import { once } from "node:events";
import tls, { type ConnectionOptions, type TLSSocket, type TlsOptions } from "node:tls";
import { onTestFinished } from "vitest";
import { certificate } from "@tokbind/testing";
import { listenInTest } from "@tokbind/testing/vitest";

/** Both ends of one TLS connection. */
export interface Ends {
  readonly client: TLSSocket;
  readonly server: TLSSocket;
}

/** A server of the length of a test; returns how to connect to it. */
export async function serverInTest(
  options: TlsOptions = {},
): Promise<(options?: ConnectionOptions) => Promise<Ends>> {
  const server = tls.createServer({ ...certificate, ...options });
  server.on("tlsClientError", () => undefined);
  const port = await listenInTest(server);
  return async (options = {}) => {
    const accepted = once(server, "secureConnection") as Promise<[TLSSocket]>;
    const client = tls.connect({ host: "127.0.0.1", port, rejectUnauthorized: false, ...options });
    onTestFinished(() => {
      client.destroy();
    });
    await once(client, "secureConnect");
    const [end] = await accepted;
    end.on("error", () => undefined);
    return { client, server: end };
  };
}

/** A session to resume, of a connection that has just been made. TLS 1.3 brings it after the handshake. */
export async function sessionOf({ client, server }: Ends): Promise<Buffer> {
  const session = client.getProtocol() === "TLSv1.3" ? once(client, "session") : undefined;
  server.write("now");
  await once(client, "data");
  const [ticket] = ((await session) ?? [client.getSession()]) as [Buffer];
  return ticket;
}
