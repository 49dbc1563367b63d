/**
 * Token Binding in Koa.
 *
 * @module
 */

import { TokenBindingError } from "@tokbind/codec";
import type { Middleware } from "koa";
import type { RequestTokenBindings, RequestVerifier } from "../request-verifier.ts";
import { isRefused } from "./refusal.ts";

export type { NodeRequest } from "@tokbind/codec/node";
export type { RequestTokenBindings, RequestVerifier } from "../request-verifier.ts";

declare module "koa" {
  interface DefaultState {
    /** What the request has proven, undefined for nothing. Set by `tokenBinding` of \@tokbind/server/koa. */
    tokenBinding?: RequestTokenBindings | undefined;
  }
}

/**
 * A middleware that sets `ctx.state.tokenBinding`: `ctx.state` is Koa's namespace for what middleware hands on. Requests
 * that `verifier` refuses, and every `TokenBindingError` below 500 that comes from further middleware, are thrown to the
 * application's error handling. Where it has none, Koa answers with the status and, as text, the message, which here
 * begins with the code.
 *
 * @example
 * const app = new Koa();
 * app.use(tokenBinding(new TokenBindingVerifier()));
 * app.use((ctx) => (ctx.body = { tbh: ctx.state.tokenBinding?.provided.tbh ?? null }));
 * withTokenBinding(() => https.createServer({ key, cert }, app.callback())).listen(443);
 */
export function tokenBinding(verifier: RequestVerifier): Middleware {
  return async (ctx, next) => {
    try {
      ctx.state.tokenBinding = verifier.verify(ctx.req);
      await next();
    } catch (error) {
      throw isRefused(error) ? withCode(error) : error;
    }
  };
}

/** Koa answers with an error's message alone. */
function withCode(cause: TokenBindingError): TokenBindingError {
  const { code, message, field, offset } = cause;
  if (message.startsWith(`${code}: `)) return cause;
  return new TokenBindingError(code, `${code}: ${message}`, { field, offset, cause });
}
