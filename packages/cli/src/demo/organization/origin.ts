import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import https from "node:https";
import type { ClientCertificate } from "@tokbind/mutual-tls";
import { BoundSession, TokenBindingError, TokenBindingVerifier, withTokenBinding } from "@tokbind/server";
import type { Certificate } from "../certificate.ts";
import { checkOwner } from "../check-owner.ts";
import { readForm } from "../read-form.ts";
import { sendError, sendJson } from "../respond.ts";
import type { RevocationFiles } from "../revocation-files.ts";

export interface OrganizationOriginOptions extends Certificate {
  /** Whose certificates count. */
  readonly clients: RevocationFiles;
  /** Of the users, by their names. */
  readonly passwords: Readonly<Record<string, string>>;
}

const maxWrongPasswords = 5;

/**
 * What an organization runs for its people and devices: mutual TLS and Token Binding on one connection. Every request is
 * judged by its certificate before anything of it is looked at; what came earlier counts for nothing.
 */
export function createOrganizationOrigin(options: OrganizationOriginOptions): https.Server {
  const { clients, passwords, cert, key } = options;
  const bindings = new TokenBindingVerifier();
  const session = new BoundSession({ secrets: [randomBytes(32)] });
  const counts = { handled: 0, passwordChecks: 0 };
  const wrong = new Map<string, number>();

  function isPassword(user: string, guess: string, client: ClientCertificate): boolean {
    counts.passwordChecks++;
    const isRight = isEqual(passwords[user] ?? randomBytes(16).toString("hex"), guess);
    const { "x5t#S256": thumbprint } = client;
    if (!isRight) wrong.set(thumbprint, (wrong.get(thumbprint) ?? 0) + 1);
    return isRight;
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const client = clients.verify(request);
    const binding = bindings.verify(request);
    counts.handled++;
    const proof = { tbh: binding?.provided.tbh, "x5t#S256": client["x5t#S256"] };
    const [path = "/"] = (request.url ?? "/").split("?");
    switch (`${request.method ?? ""} ${path}`) {
      case "POST /login": {
        const form = await readForm(request);
        const user = form.get("user") ?? "";
        checkOwner(client, user);
        if ((wrong.get(client["x5t#S256"]) ?? 0) >= maxWrongPasswords) {
          const error = "too many wrong passwords with this certificate";
          sendJson(response, 429, { error, code: "too_many_guesses" });
        } else if (isPassword(user, form.get("password") ?? "", client)) {
          response.setHeader("Set-Cookie", await session.issue({ sub: user }, proof));
          sendJson(response, 200, { user });
        } else {
          sendJson(response, 401, { error: "wrong password", code: "password_wrong" });
        }
        return;
      }
      case "GET /me": {
        expectKind(client, "user");
        const claims = await session.read(request.headers.cookie, proof);
        if (claims === undefined) sendJson(response, 401, { error: "log in first", code: "login_required" });
        else sendJson(response, 200, { user: claims.sub });
        return;
      }
      // A device signs nobody in: its certificate is all that it has, and enough.
      case "GET /settings":
        expectKind(client, "device");
        sendJson(response, 200, { device: client.names.uri[0], interval: 60 });
        return;
      case "GET /counts":
        sendJson(response, 200, counts);
        return;
      default:
        sendJson(response, 404, { error: "no such page", code: "not_found" });
    }
  }

  return withTokenBinding(() =>
    https.createServer(
      { cert, key, ...clients.tlsOptions, keepAliveTimeout: 60_000 },
      (request, response) => {
        answer(request, response).catch((error: unknown) => {
          sendError(request, response, error);
        });
      },
    ),
  );
}

function expectKind({ kind }: ClientCertificate, expected: ClientCertificate["kind"]): void {
  if (kind === expected) return;
  throw new TokenBindingError(
    "certificate_subject_mismatch",
    `expected the certificate of a ${expected ?? "nobody"}, got that of a ${kind ?? "nobody"}`,
  );
}

/** In constant time. */
function isEqual(a: string, b: string): boolean {
  const hash = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(hash(a), hash(b));
}
