// The same with sessions in a table of the server: the cookie is only a number, and what it is bound to stands beside
// the session.
//
//   node session-table.js CERTIFICATE KEY [PORT]

import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import https from "node:https";
import { checkBoundToken, TokenBindingError, TokenBindingVerifier, withTokenBinding } from "@tokbind/server";

const [certificate, privateKey, port] = process.argv.slice(2);
const cert = readFileSync(certificate);
const key = readFileSync(privateKey);
const verifier = new TokenBindingVerifier({ required: true });

// #region table
/** @type {Map<string, { user: string, cnf: { tbh: string } }>} */
const sessions = new Map();

/** @param {import("node:http").IncomingMessage} request */
function logIn(request) {
  const binding = verifier.verify(request);
  if (binding === undefined) throw new Error("impossible: the verifier requires Token Binding");
  const id = randomUUID();
  sessions.set(id, { user: "alice", cnf: { tbh: binding.provided.tbh } });
  return id;
}

/** @param {import("node:http").IncomingMessage} request @param {string} id */
function userOf(request, id) {
  const binding = verifier.verify(request);
  const session = sessions.get(id);
  if (session === undefined) return undefined;
  checkBoundToken(session.cnf, binding?.provided); // throws when the request proved another key, or none
  return session.user;
}
// #endregion

const server = withTokenBinding(() =>
  https.createServer({ key, cert }, (request, response) => {
    try {
      if (request.method === "POST" && request.url === "/login") {
        response.setHeader(
          "Set-Cookie",
          `__Host-id=${logIn(request)}; Path=/; Secure; HttpOnly; SameSite=Lax`,
        );
        response.end("welcome\n");
      } else {
        const id = /(?:^|; )__Host-id=([^;]*)/.exec(request.headers.cookie ?? "")?.[1] ?? "";
        response.end(`hello ${userOf(request, id) ?? "stranger"}\n`);
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
