// hapi: `node hapi.js CERTIFICATE KEY [PORT]`

import { readFileSync } from "node:fs";
// #region imports
import https from "node:https";
import Hapi from "@hapi/hapi";
import { TokenBindingError, TokenBindingVerifier, withTokenBinding } from "@tokbind/server";
// #endregion

const [certificate, privateKey, port = "8443"] = process.argv.slice(2);
const cert = readFileSync(certificate);
const key = readFileSync(privateKey);

// #region app
const verifier = new TokenBindingVerifier();
const listener = withTokenBinding(() => https.createServer({ key, cert }));
const server = Hapi.server({ listener, tls: true, host: "localhost", port: Number(port) });

server.ext("onRequest", (request, h) => {
  request.app.tokenBinding = verifier.verify(request.raw.req);
  return h.continue;
});
server.ext("onPreResponse", ({ response }, h) => {
  if (!(response instanceof TokenBindingError) || !response.expose) return h.continue;
  const { statusCode, code, message } = response;
  return h.response({ statusCode, code, message }).code(statusCode);
});

server.route({
  method: "GET",
  path: "/",
  handler: (request) => ({ tbh: request.app.tokenBinding?.provided.tbh ?? null }),
});
// #endregion

await server.start();
console.log("listening", listener.address());
