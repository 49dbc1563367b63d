// A server in a process of its own, for tests of several that share one Redis: `node session-server.js PATH SECRET TIMEOUT`,
// with the path of the Unix socket of Redis, the secret in hexadecimal, and how long to wait for Redis in milliseconds. It is
// what `npm run build` has compiled. Says its port; ends when nobody listens to it any more.

import https from "node:https";
import { certificate, listen } from "@tokbind/testing";
import { BoundSession, TokenBindingError, TokenBindingVerifier, withTokenBinding } from "@tokbind/server";
import { RedisStore } from "@tokbind/server/redis";
import { createClient } from "redis";

const [path = "", secret = "", timeout] = process.argv.slice(2);
const client = await createClient({ socket: { path } }).connect();
const store = new RedisStore({ client, timeout: Number(timeout) });
const session = new BoundSession({ secrets: [Buffer.from(secret, "hex")], store });
const verifier = new TokenBindingVerifier();

/** @param {import("node:http").IncomingMessage} request @param {import("node:http").ServerResponse} response */
async function answer(request, response) {
  const binding = verifier.verify(request);
  const [, action, user] = (request.url ?? "").split("/");
  if (action === "login") {
    response.setHeader("Set-Cookie", await session.issue({ sub: user }, binding));
    return user;
  }
  const claims = await session.read(request.headers.cookie, binding);
  if (claims === undefined) throw new TokenBindingError("token_invalid", "log in first");
  if (action === "logout") await session.revoke(claims);
  if (action === "logout-everywhere") await session.revokeAll(claims.sub);
  return claims.sub;
}

const server = withTokenBinding(() =>
  https.createServer({ ...certificate, keepAliveTimeout: 60_000 }, (request, response) => {
    answer(request, response)
      .catch((error) => {
        response.statusCode = error instanceof TokenBindingError ? error.status : 500;
        return error.code ?? String(error);
      })
      .then((said) => {
        const body = JSON.stringify(said);
        response.setHeader("Content-Length", Buffer.byteLength(body));
        response.end(body);
      });
  }),
);
process.once("disconnect", () => process.exit());
process.send(await listen(server));
