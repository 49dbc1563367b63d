import http2 from "node:http2";
import https from "node:https";
import { createAdaptorServer, getRequestListener } from "@hono/node-server";
import { Hono } from "hono";
import { HTTPException } from "hono/http-exception";
import { describe, expect, test } from "vitest";
import { tokenBinding } from "../../src/adapters/hono.ts";
import {
  type RequestVerifier,
  TokenBindingError,
  TokenBindingVerifier,
  withTokenBinding,
} from "../../src/index.ts";
import { expectRefusal, serverOptions, testAdapter } from "./attacks.ts";
import { Sessions } from "./support/sessions.ts";

function appOf(verifier: RequestVerifier): Hono {
  const sessions = new Sessions();
  const app = new Hono();
  app.use(tokenBinding(verifier));
  app.post("/login", (c) => c.json(sessions.login(c.get("tokenBinding"))));
  app.get("/me", (c) => c.json(sessions.me(c.req.header("Cookie"), c.var.tokenBinding)));
  app.get("/", (c) => c.json(sessions.who(c.var.tokenBinding)));
  return app;
}

testAdapter({
  protocols: ["http/1.1", "h2"],
  secure: (verifier, protocol) => {
    const { fetch } = appOf(verifier);
    return withTokenBinding(() =>
      protocol === "h2"
        ? createAdaptorServer({ fetch, createServer: http2.createSecureServer, serverOptions })
        : createAdaptorServer({ fetch, createServer: https.createServer, serverOptions }),
    );
  },
  plain: (verifier) => getRequestListener(appOf(verifier).fetch),
  reportsHandlers: true,
});

const verifier = new TokenBindingVerifier();
const field = { headers: { "Sec-Token-Binding": "AAAA" } };

describe("without a connection, by app.request()", () => {
  test("a request has no Token Binding", async () => {
    const response = await appOf(verifier).request("/");
    expect([response.status, await response.text()]).toEqual([200, '{"tbh":null}']);
  });

  test("a request with a field is refused", async () => {
    for (const env of [undefined, {}, { incoming: undefined }]) {
      const response = await appOf(verifier).request("/", field, env);
      expectRefusal({}, { status: response.status, text: await response.text() }, 400, "connection_unknown");
    }
  });
});

describe("the application's onError", () => {
  test("sees an HTTPException of the TokenBindingError, which answers for itself", async () => {
    const seen: Error[] = [];
    const app = appOf(verifier).onError((error) => {
      seen.push(error);
      return error instanceof HTTPException ? error.getResponse() : new Response("oops", { status: 500 });
    });
    const response = await app.request("/", field);
    expectRefusal({}, { status: response.status, text: await response.text() }, 400, "connection_unknown");
    expect(seen).toMatchObject([{ status: 400, cause: { code: "connection_unknown" } }]);
    expect(seen[0]!.cause).toBeInstanceOf(TokenBindingError);
  });

  test("decides what answers the TokenBindingError of a handler", async () => {
    const app = appOf(verifier).onError((error, c) => {
      expect(error).toBeInstanceOf(TokenBindingError);
      return c.text("log in again", 401);
    });
    const response = await app.request("/me");
    expect([response.status, await response.text()]).toEqual([401, "log in again"]);
  });

  test("makes no 5xx of it", async () => {
    const app = appOf(verifier).onError((_error, c) => c.text("oops", 500));
    const response = await app.request("/me");
    expectRefusal({}, { status: response.status, text: await response.text() }, 401, "token_unbound");
  });
});

test("what is the server's mistake stays a 500", async () => {
  const app = appOf({
    verify: () => {
      throw new TokenBindingError("unsupported_runtime", "no addon");
    },
  }).onError((error, c) => c.text((error as TokenBindingError).code, 500));
  const response = await app.request("/");
  expect([response.status, await response.text()]).toEqual([500, "unsupported_runtime"]);
});
