// Express 5, and Express 4 alike: `node express.js CERTIFICATE KEY [PORT]`

import { readFileSync } from "node:fs";
// #region imports
import https from "node:https";
import express from "express";
import { TokenBindingVerifier, withTokenBinding } from "@tokbind/server";
import { tokenBinding } from "@tokbind/server/express";
// #endregion

const [certificate, privateKey, port = "8443"] = process.argv.slice(2);
const cert = readFileSync(certificate);
const key = readFileSync(privateKey);

// #region app
const app = express();
app.use(tokenBinding(new TokenBindingVerifier()));

app.get("/", (request, response) => {
  response.json({ tbh: request.tokenBinding?.provided.tbh ?? null });
});

const server = withTokenBinding(() => https.createServer({ key, cert }, app));
// #endregion

server.listen(Number(port), "localhost", () => {
  console.log("listening", server.address());
});
