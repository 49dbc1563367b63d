// Koa: `node koa.js CERTIFICATE KEY [PORT] [2]`, the last for HTTP/2

import { readFileSync } from "node:fs";
// #region imports
import http2 from "node:http2";
import https from "node:https";
import Koa from "koa";
import { TokenBindingVerifier, withTokenBinding } from "@tokbind/server";
import { tokenBinding } from "@tokbind/server/koa";
// #endregion

const [certificate, privateKey, port = "8443"] = process.argv.slice(2);
const cert = readFileSync(certificate);
const key = readFileSync(privateKey);
const isHttp2 = process.argv[5] === "2";

// #region app
const app = new Koa();
app.use(tokenBinding(new TokenBindingVerifier()));

app.use((ctx) => {
  ctx.body = { tbh: ctx.state.tokenBinding?.provided.tbh ?? null };
});

const server = withTokenBinding(() =>
  isHttp2
    ? http2.createSecureServer({ key, cert }, app.callback())
    : https.createServer({ key, cert }, app.callback()),
);
// #endregion

server.listen(Number(port), "localhost", () => {
  console.log("listening", server.address());
});
