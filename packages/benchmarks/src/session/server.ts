// A server of sessions.ts, in a process of its own: `node server.js bound|plain`. Says its port, then the microseconds of
// processor time that it has used, whenever it is asked. /login sets the cookie, any other path answers with the user.

import { randomBytes } from "node:crypto";
import https from "node:https";
import type { IncomingMessage } from "node:http";
import { parseCookie } from "cookie";
import { jwtVerify, SignJWT } from "jose";
import { BoundSession, TokenBindingVerifier, withTokenBinding } from "@tokbind/server";
import { certificate, listen } from "@tokbind/testing";

interface Session {
  login(request: IncomingMessage): Promise<string>;
  user(request: IncomingMessage): Promise<string | undefined>;
}

function bound(): Session {
  const verifier = new TokenBindingVerifier({ required: true });
  const session = new BoundSession({ secrets: [randomBytes(32)] });
  return {
    login: (request) => session.issue({ sub: "alice" }, verifier.verify(request)),
    user: async (request) => (await session.read(request.headers.cookie, verifier.verify(request)))?.sub,
  };
}

/** jose with its key imported once, which makes it twice as fast as with the secret's bytes. */
async function plain(): Promise<Session> {
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", randomBytes(32), algorithm, false, ["sign", "verify"]);
  const name = "__Host-session";
  return {
    login: async () => {
      const token = new SignJWT({ sub: "alice" }).setProtectedHeader({ alg: "HS256" }).setAudience(name);
      return `${name}=${await token.setIssuedAt().setExpirationTime("1h").sign(key)}`;
    },
    user: async ({ headers }) => {
      const token = parseCookie(headers.cookie ?? "")[name] ?? "";
      return (await jwtVerify(token, key, { algorithms: ["HS256"], audience: name })).payload.sub;
    },
  };
}

const session = process.argv[2] === "bound" ? bound() : await plain();
const server = withTokenBinding(() =>
  https.createServer({ ...certificate, keepAliveTimeout: 600_000 }, (request, response) => {
    const answer = async () => {
      if (request.url === "/login") response.setHeader("Set-Cookie", await session.login(request));
      response.end((await session.user(request).catch(() => undefined)) ?? "nobody");
    };
    void answer();
  }),
);
process.on("message", () => {
  const { user, system } = process.cpuUsage();
  process.send!(user + system);
});
process.once("disconnect", () => process.exit());
process.send!(await listen(server));
