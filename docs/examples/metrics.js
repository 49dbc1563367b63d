// A server that binds nothing yet and counts, for Prometheus, how many requests could be bound.
//
//   node metrics.js CERTIFICATE KEY [PORT] [METRICS-PORT]

import { readFileSync } from "node:fs";
import https from "node:https";
import { TokenBindingError, TokenBindingVerifier, withTokenBinding } from "@tokbind/server";
// #region metrics
import { subscribe } from "node:diagnostics_channel";
import http from "node:http";
import { Counter, register } from "prom-client";

const connections = new Counter({
  name: "tokbind_connections_total",
  help: "Connections with a request that negotiated Token Binding",
  labelNames: ["key_parameters", "tls_version", "resumed"],
});
const requests = new Counter({
  name: "tokbind_requests_total",
  help: "Requests by what they proved",
  labelNames: ["verdict", "code"],
});

subscribe("tokbind.negotiated", (event) => {
  const { keyParameters, tlsVersion, resumed } = /** @type {import("@tokbind/server").NegotiatedEvent} */ (
    event
  );
  connections.inc({ key_parameters: keyParameters, tls_version: tlsVersion, resumed: String(resumed) });
});
subscribe("tokbind.verified", () => requests.inc({ verdict: "verified" }));
subscribe("tokbind.rejected", (event) => {
  const { error } = /** @type {import("@tokbind/server").RequestEvent} */ (event);
  requests.inc({ verdict: "rejected", code: error?.code ?? "unknown" });
});
subscribe("tokbind.missing", () => requests.inc({ verdict: "missing" }));

// For Prometheus only, on a port of its own that nobody else reaches.
const metrics = http.createServer(async (_request, response) => {
  response.setHeader("Content-Type", register.contentType);
  response.end(await register.metrics());
});
// #endregion

const [certificate, privateKey, port = "8443", metricsPort = "9464"] = process.argv.slice(2);
const cert = readFileSync(certificate);
const key = readFileSync(privateKey);

// Whoever proves something wrong is counted, and served.
const verifier = new TokenBindingVerifier({ onInvalid: "ignore" });
const server = withTokenBinding(() =>
  https.createServer({ key, cert }, (request, response) => {
    try {
      const binding = verifier.verify(request);
      response.end(`${binding ? "could be bound" : "no Token Binding"}\n`);
    } catch (error) {
      const [status, text] =
        error instanceof TokenBindingError ? [error.status, error.code] : [500, "internal error"];
      response.writeHead(status).end(`${text}\n`);
    }
  }),
);

metrics.listen(Number(metricsPort), "localhost", () => {
  server.listen(Number(port), "localhost", () => {
    console.log("listening", server.address(), "metrics", metrics.address());
  });
});
