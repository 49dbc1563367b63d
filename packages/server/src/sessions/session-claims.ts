import { TokenBindingError } from "@tokbind/codec";
import type { Confirmation } from "../check-bound-token.ts";

/** Claims of an application that has no type of its own for them. */
export interface AnyClaims {
  /** Whose session it is. */
  readonly sub?: string | undefined;
  readonly [name: string]: unknown;
}

/** The claims that a session has from us (RFC 7519 section 4.1, RFC 7800 section 3.1). */
export interface IssuedClaims {
  /** The cookie's name, so that the session is of no use under another one. */
  readonly aud: string | readonly string[];
  /** When the session began, in seconds since 1970; renewal leaves it. */
  readonly iat: number;
  /** When it ends unless it is renewed, in seconds since 1970. */
  readonly exp: number;
  /** The key that it is bound to; absent for an unbound session. */
  readonly cnf?: Confirmation | undefined;
  /** Under what the store keeps it, 43 characters; absent without a store. It is not what the cookie holds. */
  readonly jti?: string | undefined;
}

/** What {@link BoundSession.read} returns: the application's claims and ours. */
export type SessionClaims<Claims extends object = AnyClaims> = Claims & IssuedClaims;

const reserved = ["aud", "iat", "exp", "nbf", "cnf", "jti"];

/**
 * Refuses claims that would displace ours, or that JSON can't hold.
 *
 * @returns a copy
 * @throws TokenBindingError `invalid_argument`
 */
export function copyClaims(claims: object): AnyClaims {
  let copy: unknown;
  try {
    copy = JSON.parse(JSON.stringify(claims));
  } catch {
    throw invalid("expected claims that JSON can hold, got others");
  }
  if (typeof copy !== "object" || copy === null || Array.isArray(copy)) {
    throw invalid("expected an object of claims, got another value");
  }
  const own = reserved.find((name) => name in copy);
  if (own !== undefined) throw invalid(`expected claims without ${reserved.join(", ")}, got ${own}`);
  const { sub } = copy as { sub?: unknown };
  if (sub !== undefined && typeof sub !== "string") throw invalid("sub: expected text, got another type");
  return copy as AnyClaims;
}

function invalid(message: string): TokenBindingError {
  return new TokenBindingError("invalid_argument", `BoundSession: ${message}`);
}
