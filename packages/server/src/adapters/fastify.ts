/**
 * Token Binding and client certificates in Fastify.
 *
 * @module
 */

import http2 from "node:http2";
import https from "node:https";
import { TokenBindingError } from "@tokbind/codec";
import type { ClientCertificate } from "@tokbind/codec/node";
import { type TokenBindingOptions, withTokenBinding } from "@tokbind/tls";
import type {
  FastifyInstance,
  FastifyPluginCallback,
  FastifyReply,
  FastifyRequest,
  FastifyServerFactory,
} from "fastify";
import type { CertificateVerifier, RequestTokenBindings, RequestVerifier } from "../request-verifier.ts";

export type { ClientCertificate, ClientKind, NodeRequest, SubjectAltNames } from "@tokbind/codec/node";
export type { CertificateVerifier, RequestTokenBindings, RequestVerifier } from "../request-verifier.ts";
export type { TokenBindingOptions } from "@tokbind/tls";

declare module "fastify" {
  interface FastifyRequest {
    /** What the request has proven, undefined for nothing. Set by `tokenBinding` of \@tokbind/server/fastify. */
    tokenBinding: RequestTokenBindings | undefined;
    /** Whose certificate the connection has proven. Set by `clientCertificate` of \@tokbind/server/fastify. */
    clientCertificate: ClientCertificate | undefined;
  }
}

// The servers that were made here, with Token Binding.
const bound = new WeakSet<object>();

/**
 * A plugin that sets `request.tokenBinding` before everything else happens to a request, in the whole instance that it is
 * registered in. Requests that `verifier` refuses go to the error handler, as `TokenBindingError`; Fastify's own answers
 * with the status and JSON (`{ statusCode, code, error, message }`).
 *
 * It lets no instance get ready whose `https` option makes servers without {@link tokenBindingServer}.
 *
 * @example
 * const app = Fastify({ https: { key, cert }, serverFactory: tokenBindingServer() });
 * app.register(tokenBinding(new TokenBindingVerifier()));
 * app.get("/", (request) => ({ tbh: request.tokenBinding?.provided.tbh ?? null }));
 */
export function tokenBinding(verifier: RequestVerifier): FastifyPluginCallback {
  return plugin((app) => {
    app.decorateRequest("tokenBinding", undefined);
    app.addHook("onReady", (ready) => {
      const isBound = !app.initialConfig.https || bound.has(app.server);
      ready(isBound ? undefined : notBound());
    });
    onRequest(app, (request) => {
      request.tokenBinding = verifier.verify(request.raw);
    });
  });
}

/**
 * A plugin that sets `request.clientCertificate`, and refuses whoever has none, as {@link tokenBinding} does. It holds for
 * the instance that it is registered in, so for some routes register it in a plugin of theirs.
 *
 * @param verifier - of \@tokbind/mutual-tls; what its `allow` returns, for the routes of those who may
 * @example
 * app.register(clientCertificate(verifier.allow(({ kind }) => kind === "user")));
 */
export function clientCertificate(verifier: CertificateVerifier): FastifyPluginCallback {
  return plugin((app) => {
    if (!app.hasRequestDecorator("clientCertificate")) app.decorateRequest("clientCertificate", undefined);
    onRequest(app, (request, reply) => {
      if (verifier.vary !== undefined) addVary(reply, verifier.vary);
      request.clientCertificate = verifier.verify(request.raw);
    });
  });
}

function onRequest(app: FastifyInstance, work: (request: FastifyRequest, reply: FastifyReply) => void): void {
  app.addHook("onRequest", (request, reply, next) => {
    try {
      work(request, reply);
    } catch (error) {
      next(error as Error);
      return;
    }
    next();
  });
}

function addVary(reply: FastifyReply, field: string): void {
  const before = reply.getHeader("vary");
  reply.header("vary", before === undefined ? field : `${String(before)}, ${field}`);
}

function plugin(register: (app: FastifyInstance) => void): FastifyPluginCallback {
  const callback: FastifyPluginCallback = (app, _options, done) => {
    register(app);
    done();
  };
  return Object.assign(callback, pluginMarks);
}

// What the package fastify-plugin would add: the plugin is not encapsulated, and has a name and a version of Fastify.
const pluginMarks = {
  [Symbol.for("skip-override")]: true,
  [Symbol.for("fastify.display-name")]: "@tokbind/server/fastify",
  [Symbol.for("plugin-meta")]: { name: "@tokbind/server/fastify", fastify: "5.x" },
};

/**
 * Fastify's `serverFactory` for servers that negotiate Token Binding, from the options `https` and `http2` that Fastify is
 * made with. By itself Fastify makes a further server, unseen, for each further address of `localhost`, and that would not
 * negotiate; with a factory it listens on the first address only.
 *
 * As with every factory, timeouts of Fastify are not applied: give those of node:https in `https`.
 *
 * @param options - as those of `withTokenBinding`
 * @throws TokenBindingError, when Fastify calls it: `invalid_argument` for impossible options and without `https`,
 *   `unsupported_runtime` where the addon cannot work
 * @example
 * const app = Fastify({ http2: true, https: { key, cert }, serverFactory: tokenBindingServer() });
 */
export function tokenBindingServer<Server extends https.Server | http2.Http2SecureServer = https.Server>(
  options?: TokenBindingOptions,
): FastifyServerFactory<Server> {
  return (handler, { https: tlsOptions, http2: isHttp2 }) => {
    if (typeof tlsOptions !== "object" || tlsOptions === null) throw noHttps();
    const listener = handler as () => void;
    const server = withTokenBinding(
      () =>
        isHttp2 ? http2.createSecureServer(tlsOptions, listener) : https.createServer(tlsOptions, listener),
      options,
    );
    bound.add(server);
    // Fastify's types choose the server by the same two options.
    return server as Server;
  };
}

function noHttps(): TokenBindingError {
  return new TokenBindingError(
    "invalid_argument",
    "tokenBindingServer: expected Fastify's option https to be the options of a TLS server, such as key and cert",
  );
}

function notBound(): TokenBindingError {
  return new TokenBindingError(
    "invalid_argument",
    "expected Fastify({ https, serverFactory: tokenBindingServer() }), got https alone: " +
      "the servers that Fastify makes of it, one for each address of localhost, would not negotiate Token Binding",
  );
}
