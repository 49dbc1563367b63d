// A server whose session cookie is worthless without the key of the client that logged in.
//
//   node server.js CERTIFICATE KEY [PORT]

import { readFileSync } from "node:fs";
// #region imports
import { randomBytes } from "node:crypto";
import https from "node:https";
import { BoundSession, TokenBindingError, TokenBindingVerifier, withTokenBinding } from "@tokbind/server";
// #endregion

const [certificate, privateKey, port] = process.argv.slice(2);
const cert = readFileSync(certificate);
const key = readFileSync(privateKey);

// #region server
const verifier = new TokenBindingVerifier();
const session = new BoundSession({ secrets: [randomBytes(32)] });

const server = withTokenBinding(() =>
  https.createServer({ key, cert }, async (request, response) => {
    try {
      const binding = verifier.verify(request);
      if (request.method === "POST" && request.url === "/login") {
        response.setHeader("Set-Cookie", await session.issue({ sub: "alice" }, binding));
        response.end("welcome\n");
      } else {
        const claims = await session.read(request.headers.cookie, binding);
        response.end(`hello ${claims?.sub ?? "stranger"}\n`);
      }
    } catch (error) {
      const [status, text] =
        error instanceof TokenBindingError ? [error.status, error.code] : [500, "internal error"];
      response.writeHead(status).end(`${text}\n`);
    }
  }),
);
// #endregion

server.listen(Number(port ?? 8443), "localhost", () => {
  console.log("listening", server.address());
});
