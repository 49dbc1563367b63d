// A server of connections.ts and idle-memory.ts, in a process of its own: `node server.js bound|plain|bare`, with what it
// is asked of meters.ts. `bound` verifies each request, `plain` knows nothing of Token Binding, and `bare` is plain but
// for the least that a binding can take: the exporter and one crypto.verify with a KeyObject at hand.

import { createPublicKey, verify as bareVerify } from "node:crypto";
import https from "node:https";
import type { RequestListener } from "node:http";
import type { TLSSocket } from "node:tls";
import { signedData } from "@tokbind/codec";
import { exportSpki } from "@tokbind/crypto";
import { TokenBindingVerifier, withTokenBinding } from "@tokbind/server";
import { certificate } from "@tokbind/testing";
import { keys, makeBinding, provided } from "@tokbind/testing/messages";
import { serveMeasured } from "../meters.ts";

/** As long as the hash that `bound` answers with. */
const nobody = "-".repeat(43);

function bound(): RequestListener {
  const verifier = new TokenBindingVerifier();
  return (request, response) => {
    response.end(verifier.verify(request)?.provided.tbh ?? nobody);
  };
}

async function bare(): Promise<RequestListener> {
  const { id, signature } = await makeBinding({ type: provided, key: keys.ec, ekm: new Uint8Array(32) });
  const data = signedData(provided, id.keyParameters, new Uint8Array(32));
  const key = createPublicKey({ key: Buffer.from(exportSpki(id)), format: "der", type: "spki" });
  return ({ socket }, response) => {
    (socket as typeof socket & Pick<TLSSocket, "exportKeyingMaterial">).exportKeyingMaterial(
      32,
      "EXPORTER-Token-Binding",
      undefined as never,
    );
    const isValid = bareVerify("sha256", data, { key, dsaEncoding: "ieee-p1363" }, signature);
    response.end(isValid ? nobody : "");
  };
}

const plain: RequestListener = (_request, response) => {
  response.end(nobody);
};

const [kind] = process.argv.slice(2);
const options = { ...certificate, keepAliveTimeout: 600_000 };
const server =
  kind === "bound"
    ? withTokenBinding(() => https.createServer(options, bound()))
    : https.createServer(options, kind === "bare" ? await bare() : plain);
await serveMeasured(server);
