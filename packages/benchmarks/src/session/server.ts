// A server of sessions.ts, in a process of its own: `node server.js KIND`, with what it is asked of meters.ts. /login sets
// the cookie, any other path answers with the user.

import { randomBytes } from "node:crypto";
import https from "node:https";
import type { IncomingMessage, RequestListener } from "node:http";
import { parseCookie } from "cookie";
import { jwtVerify, SignJWT } from "jose";
import {
  BoundSession,
  TokenBindingVerifier,
  type VerifiedTokenBindings,
  withTokenBinding,
} from "@tokbind/server";
import { certificate } from "@tokbind/testing";
import { serveMeasured } from "../meters.ts";

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
async function jose(): Promise<Session> {
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

function answerBy(session: Session): RequestListener {
  return (request, response) => {
    const answer = async () => {
      if (request.url === "/login") response.setHeader("Set-Cookie", await session.login(request));
      response.end((await session.user(request).catch(() => undefined)) ?? "nobody");
    };
    void answer();
  };
}

/**
 * Nothing but the verification of each request, which has to come from the connection's memory, or the same without it:
 * only the login is verified.
 */
function verifying(isVerified: boolean): RequestListener {
  const verifier = new TokenBindingVerifier({ required: true });
  let first: VerifiedTokenBindings | undefined;
  return (request, response) => {
    if (request.url === "/login") {
      first = verifier.verify(request);
      response.setHeader("Set-Cookie", "session=alice");
    }
    const isSame = first !== undefined && (!isVerified || verifier.verify(request) === first);
    response.end(isSame ? "alice" : "nobody");
  };
}

const kinds: Readonly<Record<string, () => RequestListener | Promise<RequestListener>>> = {
  bound: () => answerBy(bound()),
  jose: async () => answerBy(await jose()),
  verified: () => verifying(true),
  unverified: () => verifying(false),
};
const listener = await kinds[process.argv[2]!]!();
await serveMeasured(
  withTokenBinding(() => https.createServer({ ...certificate, keepAliveTimeout: 600_000 }, listener)),
);
