// A server of connections.ts and idle-memory.ts, in a process of its own: `node server.js bound|plain|bare`, with what it
// is asked of meters.ts. `bound` verifies each request and answers with the identity, and whether its key is known. `plain`
// knows nothing of Token Binding, and `bare` is plain but for the least that a binding can take: the exporter and one
// crypto.verify with a KeyObject at hand.

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

/** As long as what `bound` answers. */
const nobody = `${"-".repeat(43)} none!`;

function bound(): RequestListener {
  const verifier = new TokenBindingVerifier();
  // Of a key in the cache, all requests share one identity.
  const identities = new WeakSet();
  return (request, response) => {
    const provided = verifier.verify(request)?.provided;
    const isKnown = provided !== undefined && identities.has(provided);
    if (provided !== undefined && !isKnown) identities.add(provided);
    response.end(provided === undefined ? nobody : `${provided.tbh} ${isKnown ? "known" : "new.."}`);
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
