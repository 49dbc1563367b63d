import { randomBytes } from "node:crypto";
import https from "node:https";
import type { IncomingMessage, ServerResponse } from "node:http";
import { type KeyParameters, secTokenBinding } from "@tokbind/codec";
import type { ClientCertificate } from "@tokbind/mutual-tls";
import { BoundSession, type Proof, TokenBindingVerifier, type VerifiedTokenBindings } from "@tokbind/server";
import { negotiatedTokenBinding, withTokenBinding } from "@tokbind/tls";
import { identityJson } from "../identity-json.ts";
import { negotiatedJson } from "../negotiated-json.ts";
import type { Certificate } from "./certificate.ts";
import { checkOwner } from "./check-owner.ts";
import { readForm } from "./read-form.ts";
import { send, sendError, sendJson } from "./respond.ts";
import type { RevocationFiles } from "./revocation-files.ts";

/** Options of {@link createDemoOrigin}. */
export interface DemoOriginOptions extends Certificate {
  /** Most preferred first. */
  readonly keyParameters: readonly KeyParameters[];
  /** Who may come, by client certificate; everybody when left out. */
  readonly clients?: RevocationFiles | undefined;
}

/**
 * The origin that `tokbind serve` runs: a login that sets a session cookie bound to the client's key, and pages
 * that show what the cookie is worth. Clients without Token Binding get an ordinary bearer cookie, which anybody who
 * copies it can use.
 */
export function createDemoOrigin({ clients, ...options }: DemoOriginOptions): https.Server {
  const verifier = new TokenBindingVerifier();
  const session = new BoundSession({ secrets: [randomBytes(32)], acceptUnbound: true });

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // Before anything else: who has no certificate in force learns nothing, and guesses nothing.
    const client = clients?.verify(request);
    const binding = verifier.verify(request);
    const proof = { tbh: binding?.provided.tbh, "x5t#S256": client?.["x5t#S256"] };
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
        if (client !== undefined) checkOwner(client, user);
        response.setHeader("Set-Cookie", await session.issue({ sub: user }, proof));
        sendJson(response, 200, { user, boundTo: boundTo(proof) });
        return;
      }
      case "POST /logout":
        response.setHeader("Set-Cookie", session.clear());
        sendJson(response, 200, { user: null });
        return;
      case "GET /me": {
        const claims = await session.read(request.headers.cookie, proof);
        if (claims === undefined) {
          sendJson(response, 401, { error: "log in first: POST /login user=NAME", code: "login_required" });
        } else {
          sendJson(response, 200, { user: claims.sub, boundTo: boundTo(proof) });
        }
        return;
      }
      case "GET /inspect":
        sendJson(response, 200, {
          ...inspect(request, binding),
          certificate: client ? described(client) : null,
        });
        return;
      default: {
        const error = "expected GET /, POST /login, GET /me, POST /logout or GET /inspect";
        sendJson(response, 404, { error, code: "not_found" });
      }
    }
  }

  return withTokenBinding(
    () =>
      https.createServer(
        { cert: options.cert, key: options.key, ...clients?.tlsOptions },
        (request, response) => {
          answer(request, response).catch((error: unknown) => {
            sendError(request, response, error);
          });
        },
      ),
    { keyParameters: options.keyParameters },
  );
}

/** A hash of what a session is bound to. */
function boundTo({ tbh, "x5t#S256": thumbprint }: Proof): string | null {
  return tbh ?? thumbprint ?? null;
}

function described({ kind, names, "x5t#S256": thumbprint }: ClientCertificate): object {
  return { kind: kind ?? null, names, "x5t#S256": thumbprint };
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
