// A server in the second step of a rollout: sessions are bound where the client can, and both kinds are counted.
//
//   node rollout.js CERTIFICATE KEY [PORT]

import { readFileSync } from "node:fs";
import { randomBytes } from "node:crypto";
import https from "node:https";
import { BoundSession, TokenBindingError, TokenBindingVerifier, withTokenBinding } from "@tokbind/server";

const [certificate, privateKey, port] = process.argv.slice(2);
const cert = readFileSync(certificate);
const key = readFileSync(privateKey);
const verifier = new TokenBindingVerifier();

// #region sessions
const session = new BoundSession({ secrets: [randomBytes(32)], acceptUnbound: true });
const sessions = { bound: 0, unbound: 0 }; // requests of each kind

/** @param {import("node:http").IncomingMessage} request */
async function readSession(request) {
  const claims = await session.read(request.headers.cookie, verifier.verify(request));
  if (claims !== undefined) sessions[claims.cnf === undefined ? "unbound" : "bound"]++;
  return claims;
}
// #endregion

const server = withTokenBinding(() =>
  https.createServer({ key, cert }, async (request, response) => {
    try {
      if (request.method === "POST" && request.url === "/login") {
        response.setHeader("Set-Cookie", await session.issue({ sub: "alice" }, verifier.verify(request)));
        response.end("welcome\n");
      } else {
        const claims = await readSession(request);
        response.end(`hello ${claims?.sub ?? "stranger"} ${JSON.stringify(sessions)}\n`);
      }
    } catch (error) {
      const [status, text] =
        error instanceof TokenBindingError ? [error.status, error.code] : [500, "internal error"];
      response.writeHead(status).end(`${text}\n`);
    }
  }),
);
server.listen(Number(port ?? 8443), "localhost", () => {
  console.log("listening", server.address());
});
