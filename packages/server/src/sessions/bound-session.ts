import { TokenBindingError } from "@tokbind/codec";
import { checkBoundToken } from "../check-bound-token.ts";
import { type BoundSessionOptions, checkBoundSessionOptions } from "./bound-session-options.ts";
import type { CookieField } from "./cookie-field.ts";
import { confirmationOf, proofOf, type RequestProof } from "./request-proof.ts";
import { Secrets } from "./secrets.ts";
import { type AnyClaims, copyClaims, type SessionClaims } from "./session-claims.ts";
import { SessionCookie } from "./session-cookie.ts";
import { now, type SessionKind } from "./session-kind.ts";
import { SessionTokens } from "./session-tokens.ts";
import { StoredSessions } from "./stored-sessions.ts";

/**
 * Sessions that are worthless without the key they are bound to, in a cookie with the `__Host-` prefix, Secure,
 * HttpOnly and SameSite. Without a store the cookie is a JWT whose MAC covers the binding (RFC 8471 section 7.1) and, as
 * audience, the cookie's name; with a store it is a random id of 256 bits, and sessions can be revoked.
 *
 * A session is bound to one key: the Token Binding that the request proved, or else its client certificate.
 *
 * @example
 * const session = new BoundSession<{ sub: string; roles: string[] }>({ secrets: [randomBytes(32)] });
 * const binding = verifier.verify(request);
 * response.setHeader("Set-Cookie", await session.issue({ sub: "alice", roles: [] }, binding));
 * const { sub } = (await session.read(request.headers.cookie, binding)) ?? {};
 */
export class BoundSession<Claims extends object = AnyClaims> {
  readonly #cookie: SessionCookie;
  readonly #kind: SessionKind;
  readonly #stored: StoredSessions | undefined;
  readonly #maxLifetime: number;
  readonly #clockTolerance: number;
  readonly #acceptUnbound: boolean;

  /** @throws TokenBindingError `invalid_argument` for unknown options and impossible values */
  constructor(options: BoundSessionOptions) {
    checkBoundSessionOptions(options);
    const { store, maxLifetime = Infinity, clockTolerance = 0, acceptUnbound = false } = options;
    this.#cookie = new SessionCookie(options.cookie);
    if (maxLifetime < this.#cookie.maxAge) {
      throw new TokenBindingError(
        "invalid_argument",
        `BoundSession: maxLifetime: expected the cookie's maxAge of ${this.#cookie.maxAge} or more, got ${maxLifetime}`,
      );
    }
    const { name } = this.#cookie;
    const secrets = new Secrets(options.secrets);
    this.#stored = store && new StoredSessions(name, secrets, store);
    this.#kind = this.#stored ?? new SessionTokens(name, secrets);
    this.#maxLifetime = maxLifetime;
    this.#clockTolerance = clockTolerance;
    this.#acceptUnbound = acceptUnbound;
  }

  /** The cookie's name. */
  get name(): string {
    return this.#cookie.name;
  }

  /**
   * Begins a session, bound to what the request proved, and returns the Set-Cookie value.
   *
   * @param claims - what JSON can hold; not `aud`, `iat`, `exp`, `nbf`, `cnf` or `jti`, which are ours
   * @throws TokenBindingError `token_binding_missing` when the request proved nothing and unbound sessions are not
   *   accepted, `invalid_argument` for claims that can't be kept or need a cookie over 4,096 bytes, `session_store`
   */
  readonly issue = async (claims: Claims, proof: RequestProof | undefined): Promise<string> => {
    const own = copyClaims(claims);
    const cnf = confirmationOf(proofOf(proof));
    if (cnf === undefined && !this.#acceptUnbound) {
      throw new TokenBindingError(
        "token_binding_missing",
        "a bound session needs a request that proved a Token Binding or a client certificate",
      );
    }
    const { name, maxAge } = this.#cookie;
    const iat = now();
    const issued = { ...own, ...(cnf && { cnf }), aud: name, iat, exp: iat + maxAge };
    return this.#cookie.set(await this.#kind.issue(issued), maxAge);
  };

  /**
   * The claims of the request's session, undefined when it carries no such cookie.
   *
   * @param field - the request's Cookie field, `request.headers.cookie`
   * @param proof - what the same request proved
   * @param renew - called with a Set-Cookie value when more than half of the session's time has passed; give it to
   *   have sessions last as long as they are used
   * @throws TokenBindingError `token_invalid`, `token_expired`, `token_unbound`, `token_binding_missing`,
   *   `token_binding_mismatch` or `session_store`
   * @example
   * const claims = await session.read(request.headers.cookie, verifier.verify(request), (cookie) =>
   *   response.appendHeader("Set-Cookie", cookie),
   * );
   */
  readonly read = async (
    field: CookieField,
    proof: RequestProof | undefined,
    renew?: (setCookie: string) => void,
  ): Promise<SessionClaims<Claims> | undefined> => {
    const value = this.#cookie.find(field);
    if (value === undefined) return undefined;
    const claims = await this.#kind.read(value);
    const time = now();
    if (claims.exp <= time - this.#clockTolerance) throw this.#expired();
    this.#checkProof(claims, proof);
    if (renew === undefined) return claims as SessionClaims<Claims>;
    return (await this.#renew(value, claims, time, renew)) as SessionClaims<Claims>;
  };

  /**
   * Ends a session everywhere, at a logout for instance; send {@link clear} too.
   *
   * @param claims - what {@link read} returned, or just its `jti`
   * @throws TokenBindingError `session_store`; `invalid_argument` without a store
   */
  readonly revoke = async (claims: Pick<SessionClaims, "jti">): Promise<void> => {
    const stored = this.#needStore("revoke");
    const { jti } = claims;
    if (typeof jti !== "string") {
      throw new TokenBindingError(
        "invalid_argument",
        "BoundSession.revoke: expected claims that read returned, got some without jti",
      );
    }
    await stored.revoke(jti);
  };

  /**
   * Ends all sessions of a subject, after a change of the password for instance.
   *
   * @param subject - the `sub` that they were issued with
   * @throws TokenBindingError `session_store`; `invalid_argument` without a store
   */
  readonly revokeAll = async (subject: string): Promise<void> => {
    await this.#needStore("revokeAll").revokeAll(subject);
  };

  /** The Set-Cookie value that makes the client drop the cookie. */
  readonly clear = (): string => this.#cookie.set("", 0);

  #checkProof({ cnf }: SessionClaims, proof: RequestProof | undefined): void {
    const proven = proofOf(proof);
    const members = Object.keys((cnf as object | null | undefined) ?? {});
    // One token names one key, the Token Binding if there is one (CNF-02): what names more is not ours, nor is what
    // names a certificate to a client that proves a Token Binding and no certificate.
    const isOtherKind =
      members[0] === "x5t#S256" && proven.tbh !== undefined && proven["x5t#S256"] === undefined;
    if (members.length > 1 || isOtherKind) {
      throw new TokenBindingError(
        "token_invalid",
        `the ${this.name} cookie is not one that we issued to this client`,
      );
    }
    checkBoundToken(cnf, proven, { acceptUnbound: this.#acceptUnbound });
  }

  async #renew(
    value: string,
    claims: SessionClaims,
    time: number,
    send: (setCookie: string) => void,
  ): Promise<SessionClaims> {
    const { maxAge } = this.#cookie;
    if (claims.exp - time > maxAge / 2) return claims;
    const exp = Math.min(time + maxAge, claims.iat + this.#maxLifetime);
    if (exp <= Math.max(claims.exp, time)) return claims;
    const renewed = { ...claims, exp };
    send(this.#cookie.set(await this.#kind.renew(value, renewed), exp - time));
    return renewed;
  }

  #needStore(method: string): StoredSessions {
    if (this.#stored !== undefined) return this.#stored;
    throw new TokenBindingError(
      "invalid_argument",
      `BoundSession.${method}: expected the option store, got none: a session that is whole in its cookie can't be revoked`,
    );
  }

  #expired(): TokenBindingError {
    return new TokenBindingError("token_expired", `the ${this.name} cookie has expired`);
  }
}
