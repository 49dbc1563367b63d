// The server of attackers.ts, in a process of its own: with what it is asked of meters.ts.

import https from "node:https";
import { TokenBindingError, TokenBindingVerifier, withTokenBinding } from "@tokbind/server";
import { certificate } from "@tokbind/testing";
import { serveMeasured } from "../meters.ts";

const verifier = new TokenBindingVerifier();
const server = withTokenBinding(() =>
  https.createServer({ ...certificate, keepAliveTimeout: 600_000 }, (request, response) => {
    try {
      response.end(verifier.verify(request)?.provided.tbh ?? "unbound");
    } catch (error) {
      if (!(error instanceof TokenBindingError)) throw error;
      response.writeHead(error.status).end(error.code);
    }
  }),
);
await serveMeasured(server);
