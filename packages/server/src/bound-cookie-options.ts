import { checkOptions, isBoolean } from "@tokbind/codec/options";

/** Options of BoundCookie. */
export interface BoundCookieOptions {
  /** Secret of the cookie's HMAC-SHA-256, at least 32 bytes; a copy is kept. */
  readonly secret: Uint8Array;
  /** Cookie name with the `__Host-` prefix (RFC 6265bis section 4.1.3.2). Default `__Host-session`. */
  readonly name?: string | undefined;
  /** Lifetime in whole seconds, 1 to 34,560,000 (400 days, the most that browsers allow). Default 3600. */
  readonly maxAge?: number | undefined;
  /** Default "lax". */
  readonly sameSite?: "strict" | "lax" | "none" | undefined;
  /** Issue and honour cookies without a binding for clients that do not speak Token Binding. Default false. */
  readonly acceptUnbound?: boolean | undefined;
}

const maxMaxAge = 400 * 24 * 60 * 60;

/** @throws TokenBindingError `invalid_argument` */
export function checkBoundCookieOptions(options: BoundCookieOptions): void {
  checkOptions("BoundCookie", options, {
    secret: {
      required: true,
      expected: "a Uint8Array of at least 32 bytes",
      test: (value) => value instanceof Uint8Array && value.length >= 32,
    },
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
    acceptUnbound: isBoolean,
  });
}
