/**
 * Token Binding and client certificates in Express 4 and 5.
 *
 * @module
 */

import type { ClientCertificate } from "@tokbind/codec/node";
import type { Application, ErrorRequestHandler, Request, RequestHandler, Response } from "express";
import type { CertificateVerifier, RequestTokenBindings, RequestVerifier } from "../request-verifier.ts";
import { isRefused, refusalOf } from "./refusal.ts";

export type { ClientCertificate, ClientKind, NodeRequest, SubjectAltNames } from "@tokbind/codec/node";
export type { CertificateVerifier, RequestTokenBindings, RequestVerifier } from "../request-verifier.ts";

declare global {
  // The one way that Express's types offer to say what a middleware adds to requests.
  // eslint-disable-next-line @typescript-eslint/no-namespace
  namespace Express {
    interface Request {
      /** What the request has proven, undefined for nothing. Set by `tokenBinding` of \@tokbind/server/express. */
      tokenBinding?: RequestTokenBindings | undefined;
      /** Whose certificate the connection has proven. Set by `clientCertificate` of \@tokbind/server/express. */
      clientCertificate?: ClientCertificate | undefined;
    }
  }
}

/**
 * A middleware that sets `request.tokenBinding`. Requests that `verifier` refuses go to the application's error
 * handlers, as `TokenBindingError`. Whatever they leave is answered with its status and JSON
 * (`{ statusCode, code, error, message }`), and so is a `TokenBindingError` below 500 that a handler throws or passes to
 * `next`: the middleware adds an error handler behind all others of the application when the first request comes.
 *
 * @example
 * const app = express();
 * app.use(tokenBinding(new TokenBindingVerifier()));
 * app.get("/", (request, response) => response.json(request.tokenBinding?.provided.tbh ?? null));
 * withTokenBinding(() => https.createServer({ key, cert }, app)).listen(443);
 */
export function tokenBinding(verifier: RequestVerifier): RequestHandler {
  return answering((request) => {
    request.tokenBinding = verifier.verify(request);
  });
}

/**
 * A middleware that sets `request.clientCertificate`, and refuses whoever has none, as {@link tokenBinding} does.
 *
 * @param verifier - of \@tokbind/mutual-tls; what its `allow` returns, for the routes of those who may
 * @example
 * app.use(clientCertificate(verifier));
 * app.use("/staff", clientCertificate(verifier.allow(({ kind }) => kind === "user")));
 */
export function clientCertificate(verifier: CertificateVerifier): RequestHandler {
  return answering((request, response) => {
    if (verifier.vary !== undefined) response.vary(verifier.vary);
    request.clientCertificate = verifier.verify(request);
  });
}

/** A middleware that does its work, and answers refusals for the whole application. */
function answering(work: (request: Request, response: Response) => void): RequestHandler {
  const answered = new WeakSet<Application>();
  return (request, response, next) => {
    const root = rootOf(request.app);
    if (!answered.has(root)) {
      answered.add(root);
      root.use(answerRefusal);
    }
    try {
      work(request, response);
    } catch (error) {
      next(error);
      return;
    }
    next();
  };
}

// Express's own last handler shows the stack in development, hides the code in production, and logs every refusal.
const answerRefusal: ErrorRequestHandler = (error: unknown, _request, response, next) => {
  if (!isRefused(error) || response.headersSent) {
    next(error);
    return;
  }
  response.status(error.status).json(refusalOf(error));
};

/** The application whose error handlers come last: one that is mounted hands its errors to its parent. */
function rootOf(app: Application & { parent?: Application }): Application {
  return app.parent === undefined ? app : rootOf(app.parent);
}
