import { TokenBindingError } from "@tokbind/codec";
import { SignJWT } from "jose";
import type { Secrets } from "./secrets.ts";
import type { SessionClaims } from "./session-claims.ts";
import type { SessionKind } from "./session-kind.ts";

const encodedHeader = Buffer.from('{"alg":"HS256","typ":"JWT"}').toString("base64url");

/**
 * Sessions that are whole in the cookie: JWTs with HS256 (RFC 7519, RFC 7515). jose makes them; they are read by a check
 * that takes only what jose makes, byte for byte, and so needs no parser of headers.
 */
export class SessionTokens implements SessionKind {
  readonly #name: string;
  readonly #secrets: Secrets;

  constructor(name: string, secrets: Secrets) {
    this.#name = name;
    this.#secrets = secrets;
  }

  async issue(claims: SessionClaims): Promise<string> {
    return new SignJWT({ ...claims } as Record<string, unknown>)
      .setProtectedHeader({ alg: "HS256", typ: "JWT" })
      .sign(await this.#secrets.signingKey());
  }

  read(token: string): SessionClaims {
    const [header, payload, signature, ...rest] = token.split(".", 4);
    // The header is compared, not parsed: another alg, typ, crit or spelling is not ours (RFC 8725 section 3.1).
    const isOurs =
      header === encodedHeader &&
      payload !== undefined &&
      signature !== undefined &&
      rest.length === 0 &&
      this.#secrets.isSigned(`${header}.${payload}`, signature);
    const claims = isOurs ? parse(payload) : undefined;
    if (claims === undefined || !isSession(claims, this.#name)) {
      throw new TokenBindingError("token_invalid", `the ${this.#name} cookie is not one that we issued`);
    }
    return claims;
  }

  renew(_token: string, claims: SessionClaims): Promise<string> {
    return this.issue(claims);
  }
}

/**
 * Takes only the one text that we would make of the claims: no unused bits in base64url, no invalid UTF-8, no member
 * twice, no white space.
 */
function parse(payload: string): unknown {
  try {
    const claims: unknown = JSON.parse(Buffer.from(payload, "base64url").toString());
    return Buffer.from(JSON.stringify(claims)).toString("base64url") === payload ? claims : undefined;
  } catch {
    return undefined;
  }
}

/** Whether all is there that a session has from us, for the cookie of that name; `nbf` is not among it. */
export function isSession(claims: unknown, name: string): claims is SessionClaims {
  if (typeof claims !== "object" || claims === null || Array.isArray(claims)) return false;
  const { aud, iat, exp } = claims as Record<string, unknown>;
  const isForUs = aud === name || (Array.isArray(aud) && aud.includes(name));
  return isForUs && Number.isFinite(iat) && Number.isFinite(exp) && !("nbf" in claims);
}
