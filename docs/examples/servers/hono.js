// Hono: `node hono.js CERTIFICATE KEY [PORT]`

import { readFileSync } from "node:fs";
// #region imports
import https from "node:https";
import { serve } from "@hono/node-server";
import { Hono } from "hono";
import { TokenBindingVerifier, withTokenBinding } from "@tokbind/server";
import { tokenBinding } from "@tokbind/server/hono";
// #endregion

const [certificate, privateKey, port = "8443"] = process.argv.slice(2);
const cert = readFileSync(certificate);
const key = readFileSync(privateKey);

// #region app
const app = new Hono();
app.use(tokenBinding(new TokenBindingVerifier()));

app.get("/", (c) => c.json({ tbh: c.var.tokenBinding?.provided.tbh ?? null }));

const server = withTokenBinding(() =>
  serve({
    fetch: app.fetch,
    createServer: https.createServer,
    serverOptions: { key, cert },
    hostname: "localhost",
    port: Number(port),
  }),
);
// #endregion

server.on("listening", () => {
  console.log("listening", server.address());
});
