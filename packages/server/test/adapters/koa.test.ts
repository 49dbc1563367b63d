import http2 from "node:http2";
import https from "node:https";
import Koa from "koa";
import { tokenBinding } from "../../src/adapters/koa.ts";
import { type RequestVerifier, withTokenBinding } from "../../src/index.ts";
import { serverOptions, testAdapter } from "./attacks.ts";
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
