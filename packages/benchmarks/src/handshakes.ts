import { once } from "node:events";
import tls, { type SecureVersion } from "node:tls";
import { negotiatedTokenBinding, withTokenBinding } from "@tokbind/tls";
import { certificate, listen } from "@tokbind/testing";
import { compare, ratioResult } from "./compare.ts";
import type { Result } from "./result.ts";

/**
 * Handshakes per second with the extension, beside those without it: both ends in this process. That it is negotiated
 * is seen once; reading what was negotiated is no part of a handshake.
 */
export async function handshakeResults(): Promise<Result[]> {
  const results: Result[] = [];
  for (const version of ["TLSv1.2", "TLSv1.3"] as const) {
    const withExtension = await startHandshakes(version, true);
    const without = await startHandshakes(version, false);
    const counts = { ours: 2, baseline: 2 };
    const comparison = await compare(withExtension.work, without.work, counts);
    withExtension.stop();
    without.stop();
    const name = `${version} handshakes with the extension: speed of those without`;
    results.push(ratioResult(name, comparison, "higher", 0.97));
  }
  return results;
}

async function startHandshakes(version: SecureVersion, isNegotiated: boolean) {
  const versions = { minVersion: version, maxVersion: version };
  const create = () => ({
    server: tls.createServer({ ...certificate, ...versions }, (socket) => socket.end()),
    secureContext: tls.createSecureContext(versions),
  });
  const { server, secureContext } = isNegotiated ? withTokenBinding(create) : create();
  const port = await listen(server);
  const options = { host: "127.0.0.1", port, secureContext, rejectUnauthorized: false };
  let isSeen = false;
  const work = async (count: number) => {
    for (let i = 0; i < count; i++) {
      const socket = tls.connect(options);
      await once(socket, "secureConnect");
      if (!isSeen && (negotiatedTokenBinding(socket) !== undefined) !== isNegotiated) {
        throw new Error("the extension was to be negotiated in one of the two, and only there");
      }
      isSeen = true;
      socket.resume();
      await once(socket, "close");
    }
  };
  return { work, stop: () => server.close() };
}
