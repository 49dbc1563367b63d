// Koa: `node koa.js CERTIFICATE KEY [PORT]`

import { readFileSync } from "node:fs";
// #region imports
import https from "node:https";
import Koa from "koa";
import { TokenBindingVerifier, withTokenBinding } from "@tokbind/server";
import { tokenBinding } from "@tokbind/server/koa";
// #endregion

const [certificate, privateKey, port = "8443"] = process.argv.slice(2);
const cert = readFileSync(certificate);
const key = readFileSync(privateKey);

// #region app
const app = new Koa();
app.use(tokenBinding(new TokenBindingVerifier()));

app.use((ctx) => {
  ctx.body = { tbh: ctx.state.tokenBinding?.provided.tbh ?? null };
});

const server = withTokenBinding(() => https.createServer({ key, cert }, app.callback()));
// #endregion

server.listen(Number(port), "localhost", () => {
  console.log("listening", server.address());
});
