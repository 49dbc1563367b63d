import { randomBytes } from "node:crypto";
import https from "node:https";
import type { IncomingMessage, ServerResponse } from "node:http";
import { encodeBase64url, type KeyParameters, secTokenBinding } from "@tokbind/codec";
import {
  BoundSession,
  negotiatedTokenBinding,
  TokenBindingError,
  TokenBindingVerifier,
  type VerifiedTokenBindings,
  withTokenBinding,
} from "@tokbind/server";
import { describeNegotiated } from "./describe-negotiated.ts";
import type { Certificate } from "./throwaway-certificate.ts";

/** Options of {@link createDemoOrigin}. */
export interface DemoOriginOptions extends Certificate {
  /** In falling preference. */
  readonly keyParameters: readonly KeyParameters[];
}

const maxBody = 10_000;

/**
 * The origin that `tokbind serve` runs: a login that sets a session cookie bound to the client's key, and pages
 * that show what the cookie is worth. Clients without Token Binding get an ordinary cookie, which anybody who
 * copies it can use.
 */
export function createDemoOrigin(options: DemoOriginOptions): https.Server {
  const verifier = new TokenBindingVerifier();
  const session = new BoundSession({ secrets: [randomBytes(32)], acceptUnbound: true });

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const binding = verifier.verify(request);
    const path = (request.url ?? "/").split("?")[0];
    switch (`${request.method ?? ""} ${path ?? ""}`) {
      case "GET /":
        sendHtml(response, homePage(binding));
        return;
      case "POST /login": {
        const user = (await readForm(request)).get("user") ?? "";
        if (!/^[\w.@-]{1,64}$/.test(user)) {
          sendJson(response, 400, { error: "expected a form with user=NAME (letters, digits, . _ @ -)" });
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
        if (claims === undefined) sendJson(response, 401, { error: "log in first: POST /login user=NAME" });
        else sendJson(response, 200, { user: claims.sub, boundTo: binding?.provided.tbh ?? null });
        return;
      }
      case "GET /inspect":
        sendJson(response, 200, inspect(request, binding));
        return;
      default:
        sendJson(response, 404, {
          error: "expected GET /, POST /login, GET /me, POST /logout or GET /inspect",
        });
    }
  }

  return withTokenBinding(
    () =>
      https.createServer({ cert: options.cert, key: options.key }, (request, response) => {
        answer(request, response).catch((error: unknown) => {
          sendError(response, error);
        });
      }),
    { keyParameters: options.keyParameters },
  );
}

/** What this very connection negotiated and this very request proved; the EKM goes only to the peer that has it. */
function inspect(request: IncomingMessage, binding: VerifiedTokenBindings | undefined): object {
  const negotiated = negotiatedTokenBinding(request.socket);
  return {
    negotiated: negotiated === undefined ? null : describeNegotiated(negotiated),
    provided: binding === undefined ? null : describeId(binding.provided),
    referred: binding?.referred === undefined ? null : describeId(binding.referred),
    header: request.headers[secTokenBinding.toLowerCase()] ?? null,
  };
}

function describeId(binding: { id: Uint8Array; tbh: string; keyParameters: KeyParameters | number }): object {
  return { id: encodeBase64url(binding.id), tbh: binding.tbh, keyParameters: binding.keyParameters };
}

/** A form that is too long counts as empty; it is read to its end, so that the answer can be sent. */
async function readForm(request: IncomingMessage): Promise<URLSearchParams> {
  let body = "";
  let length = 0;
  for await (const chunk of request.setEncoding("utf8")) {
    length += String(chunk).length;
    if (length <= maxBody) body += String(chunk);
  }
  return new URLSearchParams(length <= maxBody ? body : "");
}

function sendJson(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { "Content-Type": "application/json", "Cache-Control": "no-store" });
  response.end(`${JSON.stringify(body)}\n`);
}

function sendHtml(response: ServerResponse, body: string): void {
  response.writeHead(200, { "Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-store" });
  response.end(body);
}

function sendError(response: ServerResponse, error: unknown): void {
  if (error instanceof TokenBindingError) {
    sendJson(response, error.status, { error: error.message, code: error.code });
    return;
  }
  process.stderr.write(`serve: ${String(error)}\n`);
  if (!response.headersSent) sendJson(response, 500, { error: "internal error" });
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
