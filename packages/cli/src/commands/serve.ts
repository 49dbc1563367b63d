import { once } from "node:events";
import { readFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import type { KeyParameters } from "@tokbind/codec";
import { createDemoOrigin } from "../demo-origin.ts";
import { throwawayCertificate } from "../throwaway-certificate.ts";

export interface ServeOptions {
  readonly port: number;
  readonly cert?: string;
  readonly key?: string;
  readonly keyParameters: readonly KeyParameters[];
  readonly json?: boolean;
}

/** `tokbind serve`: runs the demo origin on loopback until it is told to stop. */
export async function serve(options: ServeOptions): Promise<number> {
  const certificate =
    options.cert === undefined || options.key === undefined
      ? await throwawayCertificate()
      : { cert: readFileSync(options.cert, "utf8"), key: readFileSync(options.key, "utf8") };
  const server = createDemoOrigin({ ...certificate, keyParameters: options.keyParameters });
  server.listen(options.port, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const url = `https://localhost:${port}/`;
  process.stdout.write(
    options.json
      ? `${JSON.stringify({ listening: port, url })}\n`
      : `listening on ${url}\ntry: ./tokbind request -k -v ${url}inspect\n`,
  );
  await Promise.race([once(process, "SIGINT"), once(process, "SIGTERM")]);
  server.close();
  server.closeAllConnections();
  return 0;
}
