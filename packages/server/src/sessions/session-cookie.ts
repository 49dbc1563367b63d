import { TokenBindingError } from "@tokbind/codec";
import { checkOptions } from "@tokbind/codec/options";
import { stringifySetCookie } from "cookie";
import { cookiePairs, maxCookieLength, type CookieField } from "./cookie-field.ts";

/** The cookie of a session. */
export interface SessionCookieOptions {
  /** With the `__Host-` prefix (RFC 6265bis section 4.1.3.2). Default `__Host-session`. */
  readonly name?: string | undefined;
  /** Lifetime in whole seconds, 1 to 34,560,000 (400 days, the most that browsers allow). Default 3600. */
  readonly maxAge?: number | undefined;
  /** Default "lax". */
  readonly sameSite?: "strict" | "lax" | "none" | undefined;
}

const maxMaxAge = 400 * 24 * 60 * 60;

/** A cookie with the `__Host-` prefix: Secure, HttpOnly, SameSite, Path=/ and of this host only. */
export class SessionCookie {
  readonly name: string;
  readonly maxAge: number;
  readonly #sameSite: "strict" | "lax" | "none";

  /** @throws TokenBindingError `invalid_argument` */
  constructor(options: SessionCookieOptions = {}) {
    checkOptions("BoundSession: cookie", options, {
      name: {
        expected: "a cookie name that begins with __Host-, such as __Host-session",
        // token of RFC 9110 section 5.6.2
        test: (value) => typeof value === "string" && /^__Host-[\w!#$%&'*+.^`|~-]+$/.test(value),
      },
      maxAge: {
        expected: `whole seconds, 1 to ${maxMaxAge}`,
        test: (value) => Number.isInteger(value) && (value as number) >= 1 && (value as number) <= maxMaxAge,
      },
      sameSite: {
        expected: '"strict", "lax" or "none"',
        test: (value) => value === "strict" || value === "lax" || value === "none",
      },
    });
    this.name = options.name ?? "__Host-session";
    this.maxAge = options.maxAge ?? 3600;
    this.#sameSite = options.sameSite ?? "lax";
  }

  /**
   * The Set-Cookie value.
   *
   * @param maxAge - in seconds
   * @throws TokenBindingError `invalid_argument` for a cookie that browsers drop
   */
  set(value: string, maxAge: number): string {
    const { name } = this;
    const length = name.length + value.length;
    if (length > maxCookieLength) {
      throw new TokenBindingError(
        "invalid_argument",
        `BoundSession: expected claims that fit a cookie of ${maxCookieLength} bytes, got one of ${length}; ` +
          "with a store only an id is in the cookie",
      );
    }
    const options = { path: "/", secure: true, httpOnly: true, sameSite: this.#sameSite };
    return stringifySetCookie({ name, value, maxAge, ...options });
  }

  /**
   * The value of the cookie in a request's Cookie field, undefined when it is not there.
   *
   * @throws TokenBindingError `token_invalid` when it is there twice, or longer than we make it
   */
  find(field: CookieField): string | undefined {
    let found: string | undefined;
    for (const { name, value } of cookiePairs(field)) {
      if (name !== this.name) continue;
      // A browser has one at most: somebody else put the other one there, and which is which cannot be told.
      if (found !== undefined) throw this.#invalid("expected one, got more");
      found = value;
    }
    if (found !== undefined && this.name.length + found.length > maxCookieLength) {
      throw this.#invalid(`expected ${maxCookieLength} bytes at most, got more`);
    }
    return found;
  }

  #invalid(message: string): TokenBindingError {
    return new TokenBindingError("token_invalid", `${this.name} cookie: ${message}`);
  }
}
