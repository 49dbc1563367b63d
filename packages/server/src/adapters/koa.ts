/**
 * Token Binding and client certificates in Koa.
 *
 * @module
 */

import { TokenBindingError } from "@tokbind/codec";
import type { ClientCertificate } from "@tokbind/codec/node";
import type { Context, Middleware } from "koa";
import type { CertificateVerifier, RequestTokenBindings, RequestVerifier } from "../request-verifier.ts";
import { isRefused } from "./refusal.ts";

export type { ClientCertificate, ClientKind, NodeRequest, SubjectAltNames } from "@tokbind/codec/node";
export type { CertificateVerifier, RequestTokenBindings, RequestVerifier } from "../request-verifier.ts";

declare module "koa" {
  interface DefaultState {
    /** What the request has proven, undefined for nothing. Set by `tokenBinding` of \@tokbind/server/koa. */
    tokenBinding?: RequestTokenBindings | undefined;
    /** Whose certificate the connection has proven. Set by `clientCertificate` of \@tokbind/server/koa. */
    clientCertificate?: ClientCertificate | undefined;
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
  return answering((ctx) => {
    ctx.state.tokenBinding = verifier.verify(ctx.req);
  });
}

/**
 * A middleware that sets `ctx.state.clientCertificate`, and refuses whoever has none, as {@link tokenBinding} does.
 *
 * @param verifier - of \@tokbind/mutual-tls; what its `allow` returns, for those who may
 * @example
 * app.use(clientCertificate(verifier.allow(({ kind }) => kind === "user")));
 */
export function clientCertificate(verifier: CertificateVerifier): Middleware {
  return answering((ctx) => {
    if (verifier.vary !== undefined) ctx.vary(verifier.vary);
    ctx.state.clientCertificate = verifier.verify(ctx.req);
  });
}

/** A middleware that does its work, and gives refusals a text of their own. */
function answering(work: (ctx: Context) => void): Middleware {
  return async (ctx, next) => {
    try {
      work(ctx);
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
