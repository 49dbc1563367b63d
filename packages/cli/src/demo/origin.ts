import { randomBytes } from "node:crypto";
import https from "node:https";
import type { IncomingMessage, ServerResponse } from "node:http";
import { type KeyParameters, secTokenBinding } from "@tokbind/codec";
import {
  BoundSession,
  TokenBindingError,
  TokenBindingVerifier,
  type VerifiedTokenBindings,
} from "@tokbind/server";
import { negotiatedTokenBinding, withTokenBinding } from "@tokbind/tls";
import { identityJson } from "../identity-json.ts";
import { negotiatedJson } from "../negotiated-json.ts";
import { warn } from "../output.ts";
import type { Certificate } from "./certificate.ts";
import { FormTooLong, readForm } from "./read-form.ts";

/** Options of {@link createDemoOrigin}. */
export interface DemoOriginOptions extends Certificate {
  /** Most preferred first. */
  readonly keyParameters: readonly KeyParameters[];
}

/**
 * The origin that `tokbind serve` runs: a login that sets a session cookie bound to the client's key, and pages
 * that show what the cookie is worth. Clients without Token Binding get an ordinary bearer cookie, which anybody who
 * copies it can use.
 */
export function createDemoOrigin(options: DemoOriginOptions): https.Server {
  const verifier = new TokenBindingVerifier();
  const session = new BoundSession({ secrets: [randomBytes(32)], acceptUnbound: true });

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const binding = verifier.verify(request);
    const [path = "/"] = (request.url ?? "/").split("?");
    switch (`${request.method ?? ""} ${path}`) {
      case "GET /":
        send(response, 200, "text/html; charset=utf-8", homePage(binding));
        return;
      case "POST /login": {
        const user = (await readForm(request)).get("user") ?? "";
        if (!/^[\w.@-]{1,64}$/.test(user)) {
          const error = "expected a form with user=NAME (letters, digits, . _ @ -)";
          sendJson(response, 400, { error, code: "form_invalid" });
          return;
        }
        response.setHeader("Set-Cookie", await session.issue({ sub: user }, binding));
        sendJson(response, 200, { user, boundTo: binding?.provided.tbh ?? null });
        return;
      }
      case "POST /logout":
        response.setHeader("Set-Cookie", session.clear());
        sendJson(response, 200, { user: null });
        return;
      case "GET /me": {
        const claims = await session.read(request.headers.cookie, binding);
        if (claims === undefined) {
          sendJson(response, 401, { error: "log in first: POST /login user=NAME", code: "login_required" });
        } else {
          sendJson(response, 200, { user: claims.sub, boundTo: binding?.provided.tbh ?? null });
        }
        return;
      }
      case "GET /inspect":
        sendJson(response, 200, inspect(request, binding));
        return;
      default: {
        const error = "expected GET /, POST /login, GET /me, POST /logout or GET /inspect";
        sendJson(response, 404, { error, code: "not_found" });
      }
    }
  }

  return withTokenBinding(
    () =>
      https.createServer({ cert: options.cert, key: options.key }, (request, response) => {
        answer(request, response).catch((error: unknown) => {
          sendError(request, response, error);
        });
      }),
    { keyParameters: options.keyParameters },
  );
}

/** What this very connection negotiated and this very request proved; the EKM goes only to the peer that has it. */
function inspect(request: IncomingMessage, binding: VerifiedTokenBindings | undefined): object {
  const negotiated = negotiatedTokenBinding(request.socket);
  return {
    negotiated: negotiated === undefined ? null : negotiatedJson(negotiated),
    provided: binding === undefined ? null : identityJson(binding.provided),
    referred: binding?.referred === undefined ? null : identityJson(binding.referred),
    header: request.headers[secTokenBinding.toLowerCase()] ?? null,
  };
}

function sendJson(response: ServerResponse, status: number, body: object): void {
  send(response, status, "application/json", `${JSON.stringify(body)}\n`);
}

function send(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, {
    "Content-Type": type,
    "Content-Length": Buffer.byteLength(body),
    "Cache-Control": "no-store",
  });
  response.end(body);
}

function sendError(request: IncomingMessage, response: ServerResponse, error: unknown): void {
  // The client has gone away in the middle of its request, or an answer has begun: there is nothing left to say.
  if (response.headersSent || (request.destroyed && !request.complete)) {
    response.destroy();
  } else if (error instanceof TokenBindingError) {
    sendJson(response, error.status, { error: error.message, code: error.code });
  } else if (error instanceof FormTooLong) {
    // There may be more of it to come.
    response.setHeader("Connection", "close");
    sendJson(response, 413, { error: `expected ${error.expected}`, code: "form_too_long" });
  } else {
    warn(`serve: ${String(error)}\n`);
    sendJson(response, 500, { error: "internal error", code: "internal_error" });
  }
}

function homePage(binding: VerifiedTokenBindings | undefined): string {
  const state =
    binding === undefined
      ? "This request proved no Token Binding: a session cookie would work for whoever copies it."
      : `This request proved the key ${binding.provided.tbh}: a session cookie works only together with it.`;
  return `<!doctype html>
<title>Token Binding demo</title>
<h1>Token Binding demo</h1>
<p>${state}</p>
<form method="post" action="/login"><input name="user" value="alice" /> <button>Log in</button></form>
<p><a href="/me">/me</a> · <a href="/inspect">/inspect</a></p>
`;
}
