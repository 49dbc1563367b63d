import type { Http2SecureServer } from "node:http2";
import type { AddressInfo } from "node:net";
import { certificate } from "@tokbind/testing";
import { keys } from "@tokbind/testing/messages";
import Fastify, { type FastifyPluginCallback } from "fastify";
import { describe, expect, onTestFinished, test } from "vitest";
import { tokenBinding, tokenBindingServer } from "../../src/adapters/fastify.ts";
import { TokenBindingError, TokenBindingVerifier, type RequestVerifier } from "../../src/index.ts";
import { serverOptions, testAdapter, expectRefusal } from "./attacks.ts";
import { connect } from "./support/client.ts";
import { Sessions } from "./support/sessions.ts";

/** Registered beside tokenBinding, so that it shows what tokenBinding does outside itself. */
function routes(): FastifyPluginCallback {
  const sessions = new Sessions();
  return (app, _options, done) => {
    // Node's test client sends a body of no type.
    app.addContentTypeParser("*", (_request, _payload, parsed) => {
      parsed(null);
    });
    app.post("/login", (request) => sessions.login(request.tokenBinding));
    app.get("/me", (request) => sessions.me(request.headers.cookie, request.tokenBinding));
    app.get("/", (request) => sessions.who(request.tokenBinding));
    done();
  };
}

function http1App(verifier: RequestVerifier) {
  const app = Fastify({ https: serverOptions, serverFactory: tokenBindingServer() });
  return app.register(tokenBinding(verifier)).register(routes());
}

function http2App(verifier: RequestVerifier) {
  const serverFactory = tokenBindingServer<Http2SecureServer>();
  const app = Fastify({ http2: true, https: serverOptions, serverFactory });
  return app.register(tokenBinding(verifier)).register(routes());
}

testAdapter({
  protocols: ["http/1.1", "h2"],
  secure: async (verifier, protocol) => {
    const app = protocol === "h2" ? http2App(verifier) : http1App(verifier);
    await app.ready();
    return app.server;
  },
  plain: async (verifier) => {
    const app = Fastify();
    await app.register(tokenBinding(verifier)).register(routes()).ready();
    return (request, response) => {
      app.routing(request, response);
    };
  },
});

const verifier = new TokenBindingVerifier();

describe("without a connection, by inject()", () => {
  const app = Fastify().register(tokenBinding(verifier)).register(routes());

  test("a request has no Token Binding", async () => {
    const { statusCode, body } = await app.inject("/");
    expect([statusCode, body]).toEqual([200, '{"tbh":null}']);
  });

  test("a request with a field is refused", async () => {
    const { statusCode, body } = await app.inject({ url: "/", headers: { "sec-token-binding": "AAAA" } });
    expectRefusal({}, { status: statusCode, text: body }, 400, "not_negotiated");
  });
});

test("the application's error handler sees the TokenBindingError, of a hook of an application's plugin too", async () => {
  const seen: unknown[] = [];
  const app = Fastify().register(tokenBinding(verifier)).register(routes());
  app.setErrorHandler((error, _request, reply) => {
    seen.push(error);
    return reply.code(418).send({});
  });
  expect((await app.inject({ url: "/", headers: { "sec-token-binding": "AAAA" } })).statusCode).toBe(418);
  expect((await app.inject("/me")).statusCode).toBe(418);
  expect(seen).toMatchObject([{ code: "not_negotiated" }, { code: "token_unbound" }]);
  expect(seen.every((error) => error instanceof TokenBindingError)).toBe(true);
});

describe("a server that Fastify makes of the option https alone", () => {
  test.each([
    ["HTTP/1.1", () => Fastify({ https: certificate }).register(tokenBinding(verifier))],
    ["HTTP/2", () => Fastify({ http2: true, https: certificate }).register(tokenBinding(verifier))],
  ])("%s: does not get ready, let alone listen", async (_kind, create) => {
    for (const start of ["ready", "listen"] as const) {
      const app = create();
      onTestFinished(() => app.close());
      await expect(app[start]()).rejects.toMatchObject({
        name: "TokenBindingError",
        code: "invalid_argument",
        message: expect.stringContaining("serverFactory: tokenBindingServer()") as string,
      });
      expect(app.server.listening).toBe(false);
    }
  });
});

describe.each(["http/1.1", "h2"] as const)("on localhost, %s", (protocol) => {
  test("no listener is unbound", async () => {
    const app = protocol === "h2" ? http2App(verifier) : http1App(verifier);
    onTestFinished(() => app.close());
    await app.listen({ port: 0, host: "localhost" });
    expect(app.addresses().length).toBeGreaterThan(0);
    for (const { address, port } of app.addresses() as AddressInfo[]) {
      const client = await connect(protocol, port, { host: address });
      const headers = { "Sec-Token-Binding": await client.prove(keys.ec) };
      expect(await client.request({ headers })).toMatchObject({ status: 200 });
      client.socket.destroy();
    }
  });
});

describe("tokenBindingServer", () => {
  test("needs Fastify's option https", () => {
    expect(() => Fastify({ serverFactory: tokenBindingServer() })).toThrow(
      expect.objectContaining({ code: "invalid_argument" }) as Error,
    );
  });

  test("hands its options on", async () => {
    const pss = tokenBindingServer({ keyParameters: ["rsa2048_pss"] });
    const app = Fastify({ https: certificate, serverFactory: pss }).register(tokenBinding(verifier));
    onTestFinished(() => app.close());
    await app.register(routes()).listen({ port: 0, host: "127.0.0.1" });
    // This client offers ecdsap256 only.
    const client = await connect("http/1.1", (app.addresses()[0] as AddressInfo).port);
    await expect(client.prove(keys.ec)).rejects.toThrow();
  });
});
