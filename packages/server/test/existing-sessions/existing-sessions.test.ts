import { randomBytes } from "node:crypto";
import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import https from "node:https";
import type { Server } from "node:net";
import { promisify } from "node:util";
import fastifyCookie from "@fastify/cookie";
import fastifySession from "@fastify/session";
import { certificate } from "@tokbind/testing";
import { keys, makeBinding, message, provided } from "@tokbind/testing/messages";
import { connectRaw, listenInTest } from "@tokbind/testing/vitest";
import { RedisStore as ConnectRedis } from "connect-redis";
import express, { type ErrorRequestHandler } from "express";
import expressSession from "express-session";
import Fastify from "fastify";
import { getIronSession } from "iron-session";
import { createClient } from "redis";
import { describe, expect, onTestFinished, test } from "vitest";
import {
  bindSession,
  checkSession,
  type TokenBindingError,
  TokenBindingVerifier,
  withTokenBinding,
} from "../../src/index.ts";
import { hasRedis, TestRedis } from "../support/redis.ts";

// The real packages over real TLS. Every application here logs in at /login, where it binds its session, and answers /me
// with the user after it has checked it; /visit gives a session to somebody who has not logged in.

declare module "express-session" {
  interface SessionData {
    user?: string;
  }
}
declare module "fastify" {
  interface Session {
    user?: string;
  }
}

const { verify } = new TokenBindingVerifier();
const secret = randomBytes(32).toString("hex");
interface Policy {
  readonly acceptUnbound: boolean;
}

function expressApp({ acceptUnbound }: Policy, store?: expressSession.Store): Server {
  const app = express();
  const options = { secret, resave: false, saveUninitialized: false, cookie: { secure: true } };
  app.use(expressSession({ ...options, ...(store && { store }) }));
  app.get("/visit", (request, response) => {
    request.session.user = "nobody";
    response.json("welcome");
  });
  app.get("/login", async (request, response) => {
    const binding = verify(request);
    // Not in its callback: what is thrown there nobody catches.
    await promisify(request.session.regenerate.bind(request.session))();
    bindSession(request.session, binding, { acceptUnbound });
    request.session.user = "alice";
    response.json("welcome");
  });
  app.get("/me", (request, response) => {
    checkSession(request.session, verify(request), { acceptUnbound });
    response.json(request.session.user);
  });
  const onError: ErrorRequestHandler = (error: TokenBindingError, _request, response, next) => {
    if (response.headersSent) next(error);
    else response.status(error.status).json(error.code);
  };
  app.use(onError);
  return withTokenBinding(() => https.createServer(certificate, app));
}

async function connectRedisApp(policy: Policy): Promise<Server> {
  const redis = await TestRedis.start();
  const client = await createClient({ socket: { path: redis.path, tls: false } }).connect();
  onTestFinished(() => {
    client.destroy();
  });
  return expressApp(policy, new ConnectRedis({ client }));
}

async function fastifyApp({ acceptUnbound }: Policy): Promise<Server> {
  const app = Fastify({
    serverFactory: (handler) => withTokenBinding(() => https.createServer(certificate, handler)),
  });
  await app.register(fastifyCookie);
  await app.register(fastifySession, { secret, cookie: { secure: true }, saveUninitialized: false });
  app.get("/visit", (request) => {
    request.session.user = "nobody";
    return '"welcome"';
  });
  app.get("/login", async (request) => {
    await request.session.regenerate();
    bindSession(request.session, verify(request.raw), { acceptUnbound });
    request.session.user = "alice";
    return '"welcome"';
  });
  app.get("/me", (request) => {
    checkSession(request.session, verify(request.raw), { acceptUnbound });
    return JSON.stringify(request.session.user);
  });
  app.setErrorHandler((error: TokenBindingError, _request, reply) => {
    void reply.status(error.status).send(JSON.stringify(error.code));
  });
  await app.ready();
  return app.server;
}

function ironApp({ acceptUnbound }: Policy): Server {
  async function answer(request: IncomingMessage, response: ServerResponse): Promise<string | undefined> {
    const options = { cookieName: "iron", password: secret };
    const session = await getIronSession<{ user?: string }>(request, response, options);
    if (request.url === "/me") {
      checkSession(session, verify(request), { acceptUnbound });
      return session.user;
    }
    if (request.url === "/login") bindSession(session, verify(request), { acceptUnbound });
    session.user = request.url === "/login" ? "alice" : "nobody";
    await session.save();
    return "welcome";
  }
  const listener = (request: IncomingMessage, response: ServerResponse) => {
    answer(request, response)
      .catch((error: unknown) => {
        const { status, code } = error as TokenBindingError;
        response.statusCode = status;
        return code;
      })
      .then((body) => response.end(JSON.stringify(body)))
      .catch(() => response.destroy());
  };
  return withTokenBinding(() => https.createServer(certificate, listener));
}

/** One request over a connection of its own, which proves the key. */
async function get(port: number, path: string, key?: typeof keys.ec, cookie?: string) {
  const { socket, ekm } = await connectRaw(port);
  const lines = [`GET ${path} HTTP/1.1`, "Host: localhost", "Connection: close"];
  if (key !== undefined) {
    lines.push(`Sec-Token-Binding: ${message(await makeBinding({ type: provided, key, ekm }))}`);
  }
  if (cookie !== undefined) lines.push(`Cookie: ${cookie}`);
  let answer = "";
  socket.on("data", (chunk: string) => (answer += chunk));
  socket.write([...lines, "", ""].join("\r\n"), "latin1");
  await once(socket, "end");
  const [head = "", body = ""] = answer.split("\r\n\r\n");
  const set = /\r\nset-cookie: ([^;\r]*)/i.exec(head)?.[1];
  // The last line that is JSON: bodies may be chunked.
  const said: unknown = JSON.parse(/^(".*")\r?$/m.exec(body)![1]!);
  return { said, cookie: set, status: Number(head.slice(9, 12)) };
}

const apps: [name: string, make: (policy: Policy) => Server | Promise<Server>, isThere: boolean][] = [
  ["express-session", expressApp, true],
  ["express-session with connect-redis", connectRedisApp, hasRedis],
  ["@fastify/session", fastifyApp, true],
  ["iron-session", ironApp, true],
];

describe.each(apps.filter(([, , isThere]) => isThere))("a session of %s", (_name, make) => {
  const start = async (acceptUnbound = false) => listenInTest(await make({ acceptUnbound }));

  test("[TBP-5-01] [TBP-5-03] [TBP-5-04] is worthless without the key it was bound to", async () => {
    const port = await start();
    const { cookie, said } = await get(port, "/login", keys.ec);
    expect([said, cookie]).toEqual(["welcome", expect.any(String)]);
    expect(await get(port, "/me", keys.ec, cookie)).toMatchObject({ status: 200, said: "alice" });
    expect(await get(port, "/me", keys.ec, cookie)).toMatchObject({ status: 200, said: "alice" });
    const refused = { status: 401 };
    expect(await get(port, "/me", keys.otherEc, cookie)).toMatchObject({
      ...refused,
      said: "token_binding_mismatch",
    });
    expect(await get(port, "/me", undefined, cookie)).toMatchObject({
      ...refused,
      said: "token_binding_missing",
    });
  });

  test("[TBP-5-05] is refused where it was never bound", async () => {
    const port = await start();
    expect(await get(port, "/login", undefined)).toMatchObject({
      status: 401,
      said: "token_binding_missing",
    });
    const { cookie } = await get(port, "/visit", keys.ec);
    expect(await get(port, "/me", keys.ec, cookie)).toMatchObject({ status: 401, said: "token_unbound" });
    expect(await get(port, "/me", keys.ec)).toMatchObject({ status: 401, said: "token_unbound" });
  });

  test("[TBP-5-05] is honoured unbound where the policy says so, and a bound one still only with its key", async () => {
    const port = await start(true);
    const { cookie } = await get(port, "/login");
    expect(await get(port, "/me", undefined, cookie)).toMatchObject({ status: 200, said: "alice" });
    expect(await get(port, "/me", keys.ec, cookie)).toMatchObject({ status: 200, said: "alice" });
    const bound = (await get(port, "/login", keys.ec)).cookie;
    expect(await get(port, "/me", keys.ec, bound)).toMatchObject({ status: 200, said: "alice" });
    expect(await get(port, "/me", undefined, bound)).toMatchObject({ said: "token_binding_missing" });
  });
});
