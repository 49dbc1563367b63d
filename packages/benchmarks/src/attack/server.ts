// The server of attackers.ts, in a process of its own: says its port, then its memory whenever it is asked.

import https from "node:https";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { TokenBindingError, TokenBindingVerifier, withTokenBinding } from "@tokbind/server";
import { certificate, listen } from "@tokbind/testing";

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

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
process.on("message", () => {
  collectGarbage();
  process.send!(process.memoryUsage().rss / 2 ** 20);
});
process.once("disconnect", () => process.exit());
process.send!(await listen(server));
