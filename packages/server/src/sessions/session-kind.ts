import type { SessionClaims } from "./session-claims.ts";

/** How sessions are kept: whole in the cookie, or in a store under what the cookie holds. */
export interface SessionKind {
  /** @returns the cookie's value */
  issue(claims: SessionClaims): Promise<string>;
  /**
   * The claims of an authentic session, which may have expired.
   *
   * @throws TokenBindingError `token_invalid`, `token_expired` or `session_store`
   */
  read(value: string): SessionClaims | Promise<SessionClaims>;
  /**
   * Makes a session end at `claims.exp` instead of earlier.
   *
   * @param value - of the cookie that the claims were read from
   * @returns the new value of the cookie
   * @throws TokenBindingError `token_expired` when the session was revoked meanwhile, or `session_store`
   */
  renew(value: string, claims: SessionClaims): Promise<string>;
}

/** Seconds since 1970, as JWTs count (RFC 7519 section 2). */
export function now(): number {
  return Math.floor(Date.now() / 1000);
}
