// Hono: `node hono.js CERTIFICATE KEY [PORT] [2]`, the last for HTTP/2

import { readFileSync } from "node:fs";
// #region imports
import http2 from "node:http2";
import https from "node:https";
import { serve } from "@hono/node-server";
import { Hono } from "hono";
import { TokenBindingVerifier, withTokenBinding } from "@tokbind/server";
import { tokenBinding } from "@tokbind/server/hono";
// #endregion

const [certificate, privateKey, port = "8443"] = process.argv.slice(2);
const cert = readFileSync(certificate);
const key = readFileSync(privateKey);
const isHttp2 = process.argv[5] === "2";

// #region app
const app = new Hono();
app.use(tokenBinding(new TokenBindingVerifier()));

app.get("/", (c) => c.json({ tbh: c.var.tokenBinding?.provided.tbh ?? null }));

const server = withTokenBinding(() =>
  serve({
    fetch: app.fetch,
    createServer: isHttp2 ? http2.createSecureServer : https.createServer,
    serverOptions: { key, cert },
    hostname: "localhost",
    port: Number(port),
  }),
);
// #endregion

server.on("listening", () => {
  console.log("listening", server.address());
});
