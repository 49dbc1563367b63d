import { TokenBindingError } from "@tokbind/codec";
import { parseCookie, stringifySetCookie } from "cookie";
import { errors, type JWTPayload, jwtVerify, SignJWT } from "jose";
import { checkBoundToken, type Confirmation } from "./check-bound-token.ts";
import { type BoundCookieOptions, checkBoundCookieOptions } from "./bound-cookie-options.ts";
import type { VerifiedTokenBindings } from "./verify-sec-token-binding.ts";

/**
 * A session cookie that is worthless without the key it is bound to: a JWT with `cnf.tbh`, in a cookie with
 * the `__Host-` prefix, Secure, HttpOnly and SameSite. The MAC covers the binding (RFC 8471 section 7.1) and,
 * as audience, the cookie's name, so that neither can be exchanged.
 *
 * @example
 * const session = new BoundCookie({ secret: randomBytes(32) });
 * response.setHeader("Set-Cookie", await session.issue({ sub: "alice" }, verifier.verify(request)));
 * const { sub } = await session.read(request.headers.cookie, verifier.verify(request)) ?? {};
 */
export class BoundCookie {
  readonly name: string;
  readonly #secret: Uint8Array;
  readonly #maxAge: number;
  readonly #sameSite: "strict" | "lax" | "none";
  readonly #acceptUnbound: boolean;

  /** @throws TokenBindingError `invalid_argument` for unknown options and impossible values */
  constructor(options: BoundCookieOptions) {
    checkBoundCookieOptions(options);
    this.name = options.name ?? "__Host-session";
    this.#secret = Uint8Array.from(options.secret);
    this.#maxAge = options.maxAge ?? 3600;
    this.#sameSite = options.sameSite ?? "lax";
    this.#acceptUnbound = options.acceptUnbound ?? false;
  }

  /**
   * Makes the Set-Cookie value of a session bound to what the request proved.
   *
   * @throws TokenBindingError `token_binding_missing` when the request proved nothing and unbound cookies are
   *   not accepted
   */
  async issue(claims: JWTPayload, binding: VerifiedTokenBindings | undefined): Promise<string> {
    if (binding === undefined && !this.#acceptUnbound) {
      throw new TokenBindingError(
        "token_binding_missing",
        "a bound cookie needs a request that proved a Token Binding",
      );
    }
    const cnf = binding && { cnf: { tbh: binding.provided.tbh } };
    const token = await new SignJWT({ ...claims, ...cnf })
      .setProtectedHeader({ alg: "HS256", typ: "JWT" })
      .setAudience(this.name)
      .setIssuedAt()
      .setExpirationTime(`${this.#maxAge}s`)
      .sign(this.#secret);
    return this.#setCookie(token, this.#maxAge);
  }

  /**
   * The claims of the request's session, undefined when it carries no such cookie.
   *
   * @param header - the request's Cookie field
   * @param binding - what the same request proved
   * @throws TokenBindingError `token_invalid`, `token_expired`, `token_unbound`, `token_binding_missing` or
   *   `token_binding_mismatch`
   */
  async read(
    header: string | undefined,
    binding: VerifiedTokenBindings | undefined,
  ): Promise<JWTPayload | undefined> {
    const token = header === undefined ? undefined : parseCookie(header)[this.name];
    if (token === undefined) return undefined;
    const claims = await this.#authenticate(token);
    const cnf = claims["cnf"] as Confirmation | null | undefined;
    if (Object.keys(cnf ?? {}).some((name) => name !== "tbh")) throw this.#notIssued();
    checkBoundToken(cnf, binding?.provided, { acceptUnbound: this.#acceptUnbound });
    return claims;
  }

  /** The Set-Cookie value that makes the client drop the cookie. */
  clear(): string {
    return this.#setCookie("", 0);
  }

  #setCookie(value: string, maxAge: number): string {
    return stringifySetCookie({
      name: this.name,
      value,
      maxAge,
      path: "/",
      secure: true,
      httpOnly: true,
      sameSite: this.#sameSite,
    });
  }

  async #authenticate(token: string): Promise<JWTPayload> {
    try {
      const { payload } = await jwtVerify(token, this.#secret, {
        algorithms: ["HS256"],
        typ: "JWT",
        audience: this.name,
        requiredClaims: ["exp"],
      });
      return payload;
    } catch (cause) {
      if (cause instanceof errors.JWTExpired) {
        throw new TokenBindingError("token_expired", `the ${this.name} cookie has expired`, { cause });
      }
      throw this.#notIssued(cause);
    }
  }

  #notIssued(cause?: unknown): TokenBindingError {
    return new TokenBindingError("token_invalid", `the ${this.name} cookie is not one that we issued`, {
      cause,
    });
  }
}
