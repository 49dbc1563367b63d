import { readFileSync } from "node:fs";
import tls, { type TLSSocket } from "node:tls";
import { listenInTest } from "@tokbind/testing/vitest";

/** A man in the middle for the length of a test: ends TLS with a certificate of its own, and passes everything on. */
export async function relayInTest(
  { cert, key }: { readonly cert: string; readonly key: string },
  to: { readonly host: string; readonly port: number },
): Promise<number> {
  const server = tls.createServer(
    { cert: readFileSync(cert), key: readFileSync(key) },
    (victim: TLSSocket) => {
      const directory = tls.connect({ ...to, rejectUnauthorized: false });
      victim.pipe(directory).pipe(victim);
      for (const socket of [victim, directory]) {
        socket
          .on("error", () => undefined)
          .on("close", () => {
            victim.destroy();
            directory.destroy();
          });
      }
    },
  );
  server.on("tlsClientError", () => undefined);
  return listenInTest(server);
}
