// node:http2's stream API: `node http2-stream.js CERTIFICATE KEY [PORT]`

import { readFileSync } from "node:fs";
// #region imports
import http2 from "node:http2";
import { TokenBindingError, TokenBindingVerifier, withTokenBinding } from "@tokbind/server";
// #endregion

const [certificate, privateKey, port = "8443"] = process.argv.slice(2);
const cert = readFileSync(certificate);
const key = readFileSync(privateKey);

// #region app
const verifier = new TokenBindingVerifier();
const server = withTokenBinding(() => http2.createSecureServer({ key, cert }));

server.on("stream", (stream, _headers, _flags, rawHeaders) => {
  stream.on("error", () => {});
  try {
    const binding = verifier.verify({ stream, rawHeaders });
    stream.respond({ ":status": 200 });
    stream.end(JSON.stringify({ tbh: binding?.provided.tbh ?? null }));
  } catch (error) {
    if (!(error instanceof TokenBindingError)) throw error;
    stream.respond({ ":status": error.status });
    stream.end(error.code);
  }
});
// #endregion

server.listen(Number(port), "localhost", () => {
  console.log("listening", server.address());
});
