/**
 * Token Binding in Express 4 and 5.
 *
 * @module
 */

import type { Application, ErrorRequestHandler, RequestHandler } from "express";
import type { RequestTokenBindings, RequestVerifier } from "../request-verifier.ts";
import { isRefused, refusalOf } from "./refusal.ts";

export type { NodeRequest } from "@tokbind/codec/node";
export type { RequestTokenBindings, RequestVerifier } from "../request-verifier.ts";

declare global {
  // The one way that Express's types offer to say what a middleware adds to requests.
  // eslint-disable-next-line @typescript-eslint/no-namespace
  namespace Express {
    interface Request {
      /** What the request has proven, undefined for nothing. Set by `tokenBinding` of \@tokbind/server/express. */
      tokenBinding?: RequestTokenBindings | undefined;
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
  const answering = new WeakSet<Application>();
  return (request, _response, next) => {
    const root = rootOf(request.app);
    if (!answering.has(root)) {
      answering.add(root);
      root.use(answerRefusal);
    }
    try {
      request.tokenBinding = verifier.verify(request);
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
