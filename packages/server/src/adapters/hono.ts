/**
 * Token Binding and client certificates in Hono on Node.js, by \@hono/node-server.
 *
 * @module
 */

import type { HttpBindings } from "@hono/node-server";
import type { TokenBindingError } from "@tokbind/codec";
import type { Context, MiddlewareHandler } from "hono";
import { HTTPException } from "hono/http-exception";
import type { ClientCertificate, NodeRequest } from "@tokbind/codec/node";
import type { CertificateVerifier, RequestTokenBindings, RequestVerifier } from "../request-verifier.ts";
import { isRefused, refusalOf } from "./refusal.ts";

export type { ClientCertificate, ClientKind, NodeRequest, SubjectAltNames } from "@tokbind/codec/node";
export type { CertificateVerifier, RequestTokenBindings, RequestVerifier } from "../request-verifier.ts";

declare module "hono" {
  interface ContextVariableMap {
    /** What the request has proven, undefined for nothing. Set by `tokenBinding` of \@tokbind/server/hono. */
    tokenBinding: RequestTokenBindings | undefined;
    /** Whose certificate the connection has proven. Set by `clientCertificate` of \@tokbind/server/hono. */
    clientCertificate: ClientCertificate | undefined;
  }
}

/**
 * A middleware that sets the variable `tokenBinding`. For a request that `verifier` refuses it throws an HTTPException
 * whose `cause` is the `TokenBindingError`; `app.onError` sees it, and by default it is answered with its status and JSON
 * (`{ statusCode, code, error, message }`). A `TokenBindingError` below 500 that a handler throws goes to `app.onError` as
 * well, and is answered in the same way where that has made a 5xx of it, as Hono does by default.
 *
 * @example
 * const app = new Hono();
 * app.use(tokenBinding(new TokenBindingVerifier()));
 * app.get("/", (c) => c.json({ tbh: c.var.tokenBinding?.provided.tbh ?? null }));
 * withTokenBinding(() => serve({ fetch: app.fetch, createServer: https.createServer, serverOptions: { key, cert } }));
 */
export function tokenBinding(verifier: RequestVerifier): MiddlewareHandler {
  return answering((c) => {
    c.set("tokenBinding", verifier.verify(nodeRequestOf(c)));
  });
}

/**
 * A middleware that sets the variable `clientCertificate`, and refuses whoever has none, as {@link tokenBinding} does.
 *
 * @param verifier - of \@tokbind/mutual-tls; what its `allow` returns, for the routes of those who may
 * @example
 * app.use(clientCertificate(verifier));
 * app.use("/staff/*", clientCertificate(verifier.allow(({ kind }) => kind === "user")));
 */
export function clientCertificate(verifier: CertificateVerifier): MiddlewareHandler {
  return answering((c) => {
    if (verifier.vary !== undefined) c.header("Vary", verifier.vary, { append: true });
    c.set("clientCertificate", verifier.verify(nodeRequestOf(c)));
  });
}

/** A middleware that does its work, and answers refusals. */
function answering(work: (c: Context) => void): MiddlewareHandler {
  return async (c, next) => {
    try {
      work(c);
    } catch (error) {
      if (!isRefused(error)) throw error;
      throw new HTTPException(statusOf(error), {
        message: error.message,
        cause: error,
        res: answerOf(error),
      });
    }
    await next();
    // What a handler throws does not reach its middleware: Hono has answered it by now.
    if (isRefused(c.error) && c.res.status >= 500) c.res = answerOf(c.error);
  };
}

/** Without \@hono/node-server, as in `app.request()`, there is no connection, but there may be a field. */
function nodeRequestOf(c: Context): NodeRequest {
  const { incoming } = (c.env ?? {}) as Partial<HttpBindings>;
  return incoming ?? { rawHeaders: [...c.req.raw.headers].flat() };
}

const statusOf = ({ status }: TokenBindingError) => status as 400 | 401 | 403;

const answerOf = (error: TokenBindingError) => Response.json(refusalOf(error), { status: error.status });
