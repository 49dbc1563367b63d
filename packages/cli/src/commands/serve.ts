import { once } from "node:events";
import { readFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import type { KeyParameters } from "@tokbind/codec";
import { generateCertificate } from "../demo/certificate.ts";
import { createDemoOrigin } from "../demo/origin.ts";
import { RevocationFiles } from "../demo/revocation-files.ts";
import { print } from "../output.ts";
import { programName } from "../program-name.ts";

export interface ServeOptions {
  readonly port: number;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  /** Files of CAs and CRLs: with them, every request needs a client certificate. */
  readonly clientCa?: readonly string[] | undefined;
  readonly crl?: readonly string[] | undefined;
  readonly keyParameters: readonly KeyParameters[];
  readonly json?: boolean | undefined;
}

/** `tokbind serve`: runs the demo origin on loopback until it is told to stop. */
export async function serve(options: ServeOptions): Promise<number> {
  const certificate =
    options.cert === undefined || options.key === undefined
      ? await generateCertificate()
      : { cert: readFileSync(options.cert, "utf8"), key: readFileSync(options.key, "utf8") };
  const { clientCa, crl, keyParameters } = options;
  const clients = clientCa && new RevocationFiles({ ca: clientCa, crl });
  const server = createDemoOrigin({ ...certificate, keyParameters, clients });
  server.listen(options.port, "127.0.0.1");
  await once(server, "listening");
  try {
    const { port } = server.address() as AddressInfo;
    const url = `https://localhost:${port}/`;
    await print(
      options.json
        ? `${JSON.stringify({ listening: port, url })}\n`
        : `listening on ${url}\ntry: ${programName} request -k ${clients ? "--cert FILE --key FILE " : ""}-v ${url}inspect\n`,
    );
    await Promise.race([once(process, "SIGINT"), once(process, "SIGTERM")]);
    return 0;
  } finally {
    server.close();
    server.closeAllConnections();
  }
}
