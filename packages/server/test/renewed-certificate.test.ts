/* eslint @typescript-eslint/no-unsafe-class-instance-assignment: "off" -- as NestJS takes its options */

// Who logged in before the certificate was renewed is the same afterwards, with the same cookie.

import "reflect-metadata";
import { randomBytes } from "node:crypto";
import type { RequestListener } from "node:http";
import https, { type Server } from "node:https";
import http2, { type IncomingHttpHeaders, type IncomingHttpStatusHeader } from "node:http2";
import { certificate, makeCertificate } from "@tokbind/testing";
import { keys, makeBinding, message, provided } from "@tokbind/testing/messages";
import { connectRaw, listenInTest } from "@tokbind/testing/vitest";
import Fastify from "fastify";
import { expect, onTestFinished, test } from "vitest";
import { tokenBindingServer } from "../src/adapters/fastify.ts";
import { TokenBindingExpressAdapter } from "../src/adapters/nestjs.ts";
import {
  BoundSession,
  negotiatedTokenBinding,
  renewCertificate,
  type TokenBindingError,
  TokenBindingVerifier,
  withTokenBinding,
} from "../src/index.ts";
import { sent } from "./support/proofs.ts";

const renewed = await makeCertificate("renewed");

/** Logs in whoever comes without a session, and tells the others who they are. */
function application(): RequestListener {
  const { verify } = new TokenBindingVerifier();
  const session = new BoundSession({ secrets: [randomBytes(32)] });
  const answer = async (...[request, response]: Parameters<RequestListener>) => {
    let body: object;
    try {
      const binding = verify(request);
      const claims = await session.read(request.headers.cookie, binding);
      if (claims === undefined)
        response.setHeader("Set-Cookie", await session.issue({ sub: "alice" }, binding));
      body = { sub: claims?.sub, tbh: binding?.provided.tbh };
    } catch (error) {
      const { code, status } = error as TokenBindingError;
      response.statusCode = status;
      body = { code };
    }
    const text = JSON.stringify(body);
    response.setHeader("Content-Length", text.length);
    response.end(text);
  };
  return (request, response) => void answer(request, response);
}

const proof = async (ekm: Uint8Array, key = keys.ec) =>
  message(await makeBinding({ type: provided, key, ekm }));

test("https", async () => {
  const server = withTokenBinding(() => https.createServer(certificate, application()));
  const port = await listenInTest(server);
  const connect = async (key = keys.ec) => {
    const client = await connectRaw(port);
    const field = `Sec-Token-Binding: ${await proof(client.ekm, key)}`;
    return (...headers: string[]) => client.get(field, ...headers);
  };
  const before = await connect();
  const login = await before();
  const cookie = `Cookie: ${sent(/Set-Cookie: (.*)\r/i.exec(login.head)![1]!)}`;
  const home = { status: 200, body: { ...(login.body as object), sub: "alice" } };
  expect(await before(cookie)).toMatchObject(home);

  renewCertificate(server, renewed);
  expect(await (await connect())(cookie)).toMatchObject(home);
  expect(await before(cookie)).toMatchObject(home);
  expect(await (await connect(keys.otherEc))(cookie)).toMatchObject({
    status: 401,
    body: { code: "token_binding_mismatch" },
  });
});

test("http2", async () => {
  const server = withTokenBinding(() => http2.createSecureServer(certificate));
  server.on("request", application());
  const port = await listenInTest(server);
  const connect = async (key = keys.ec) => {
    const client = withTokenBinding(
      () => http2.connect(`https://127.0.0.1:${port}`, { rejectUnauthorized: false }),
      { keyParameters: ["ecdsap256"] },
    );
    onTestFinished(() => {
      client.destroy();
    });
    await new Promise((connected) => client.once("connect", connected));
    const field = await proof(negotiatedTokenBinding(client.socket)!.ekm, key);
    return async (cookie = "") => {
      const stream = client.request({ ":path": "/", "sec-token-binding": field, cookie });
      let headers: IncomingHttpHeaders & IncomingHttpStatusHeader = {};
      stream.once("response", (received) => (headers = received));
      let body = "";
      for await (const chunk of stream) body += String(chunk);
      return { status: headers[":status"], headers, body: JSON.parse(body) as object };
    };
  };
  const before = await connect();
  const login = await before();
  const cookie = sent(login.headers["set-cookie"]![0]!);
  const home = { status: 200, body: { ...login.body, sub: "alice" } };
  expect(await before(cookie)).toMatchObject(home);

  renewCertificate(server, renewed);
  expect(await (await connect())(cookie)).toMatchObject(home);
  expect(await before(cookie)).toMatchObject(home);
  expect(await (await connect(keys.otherEc))(cookie)).toMatchObject({
    status: 401,
    body: { code: "token_binding_mismatch" },
  });
});

test.each<[framework: string, make: () => Promise<Server>]>([
  [
    "Fastify",
    async () => {
      const app = Fastify({ https: certificate, serverFactory: tokenBindingServer() });
      await app.ready();
      return app.server;
    },
  ],
  [
    "NestJS",
    () => {
      const adapter = new TokenBindingExpressAdapter();
      adapter.initHttpServer({ httpsOptions: certificate });
      return Promise.resolve(adapter.getHttpServer() as Server);
    },
  ],
])("the server that the adapter of %s makes is known", async (_framework, make) => {
  const server = await make();
  const port = await listenInTest(server);
  const before = (await connectRaw(port)).socket.getPeerX509Certificate()?.subject;
  renewCertificate(server, renewed);
  const { socket } = await connectRaw(port);
  expect([before, socket.getPeerX509Certificate()?.subject]).toEqual(["CN=localhost", "CN=renewed"]);
  expect(negotiatedTokenBinding(socket)?.keyParameters).toBe("ecdsap256");
});
