// Fastify: `node fastify.js CERTIFICATE KEY [PORT] [2]`, the last for HTTP/2

import { readFileSync } from "node:fs";
// #region imports
import Fastify from "fastify";
import { TokenBindingVerifier } from "@tokbind/server";
import { tokenBinding, tokenBindingServer } from "@tokbind/server/fastify";
// #endregion

const [certificate, privateKey, port = "8443"] = process.argv.slice(2);
const cert = readFileSync(certificate);
const key = readFileSync(privateKey);
const isHttp2 = process.argv[5] === "2";

// #region app
const app = Fastify({ http2: isHttp2, https: { key, cert }, serverFactory: tokenBindingServer() });
app.register(tokenBinding(new TokenBindingVerifier()));

app.get("/", (request) => ({ tbh: request.tokenBinding?.provided.tbh ?? null }));
// #endregion

await app.listen({ port: Number(port), host: "localhost" });
console.log("listening", app.server.address());
