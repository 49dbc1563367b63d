/* eslint @typescript-eslint/no-misused-promises: ["error", { checksVoidReturn: { arguments: false } }] -- Koa's listener answers whatever fails */

import http2 from "node:http2";
import https from "node:https";
import Koa from "koa";
import { expect, test } from "vitest";
import { tokenBinding } from "../../src/adapters/koa.ts";
import {
  type RequestVerifier,
  TokenBindingError,
  TokenBindingVerifier,
  withTokenBinding,
} from "../../src/index.ts";
import { serverOptions, testAdapter } from "./attacks.ts";
import { inject } from "./support/inject.ts";
import { Sessions } from "./support/sessions.ts";

function listenerOf(verifier: RequestVerifier) {
  const sessions = new Sessions();
  const app = new Koa();
  app.use(tokenBinding(verifier));
  app.use((ctx) => {
    const binding = ctx.state.tokenBinding;
    if (ctx.path === "/login" && ctx.method === "POST") ctx.body = sessions.login(binding);
    else if (ctx.path === "/me") ctx.body = sessions.me(ctx.get("Cookie"), binding);
    else ctx.body = sessions.who(binding);
  });
  return app.callback();
}

testAdapter({
  protocols: ["http/1.1", "h2"],
  json: false,
  secure: (verifier, protocol) => {
    const listener = listenerOf(verifier);
    return withTokenBinding(() =>
      protocol === "h2"
        ? http2.createSecureServer(serverOptions, listener)
        : https.createServer(serverOptions, listener),
    );
  },
  plain: listenerOf,
});

const field = ["Sec-Token-Binding", "AAAA"];

test("the application's error handling sees the TokenBindingError, whose message has the code once", async () => {
  const seen: unknown[] = [];
  const app = new Koa();
  app.use(async (ctx, next) => {
    try {
      await next();
    } catch (error) {
      seen.push(error);
      ctx.status = 418;
      ctx.body = "";
    }
  });
  app.use(tokenBinding({ verify: () => undefined }));
  app.use(tokenBinding(new TokenBindingVerifier()));
  expect((await inject(app.callback(), field)).status).toBe(418);
  expect(seen).toMatchObject([
    {
      code: "not_negotiated",
      message: expect.stringMatching(/^not_negotiated: got a Sec-Token-Binding/) as string,
      cause: { code: "not_negotiated", message: expect.stringMatching(/^got a /) as string },
    },
  ]);
  expect(seen[0]).toBeInstanceOf(TokenBindingError);
});

test("what is the server's mistake, or no TokenBindingError, stays as it is", async () => {
  for (const error of [new TokenBindingError("unsupported_runtime", "no addon"), new Error("no addon")]) {
    const app = new Koa();
    const seen: unknown[] = [];
    app.on("error", (reported) => seen.push(reported));
    app.use(
      tokenBinding({
        verify: () => {
          throw error;
        },
      }),
    );
    expect(await inject(app.callback(), field)).toEqual({ status: 500, text: "Internal Server Error" });
    expect(seen).toEqual([error]);
    expect(seen[0]).toBe(error);
  }
});
