import { TokenBindingError } from "@tokbind/codec";
import { checkOptions, isBoolean } from "@tokbind/codec/options";
import { type CookieField, cookiePairs, maxCookieLength } from "../sessions/cookie-field.ts";
import { confirmationOf, proofOf, type RequestProof } from "../sessions/request-proof.ts";
import { isSecrets, macLength, Secrets } from "../sessions/secrets.ts";
import { lookalikes } from "./lookalikes.ts";
import { SetCookie } from "./set-cookie.ts";

/** Options of {@link CookieBinder}. */
export interface CookieBinderOptions {
  /** Secrets of the HMAC-SHA-256, at least 32 bytes each; copies are kept. The first signs, all verify. */
  readonly secrets: readonly Uint8Array[];
  /** The cookies to bind, by their exact names; all others pass as they are. */
  readonly names: readonly string[];
  /**
   * What to do with a cookie that is not bound to what the request proved. "ignore", the default: the application does
   * not see it, and asks for a login as it does of anybody else. "reject": `unwrap` throws.
   */
  readonly onInvalid?: "ignore" | "reject" | undefined;
  /** Let clients that prove no key have such cookies too. Default false. */
  readonly acceptUnbound?: boolean | undefined;
}

/**
 * Binds cookies of an application that knows nothing of it, as a proxy or a middleware in front of it: to the value of
 * each that it sets a MAC is added, over the cookie's name, its value and the key that the client proved; of those that
 * come back only the ones with the right MAC reach it, without the MAC. The MAC makes a value 44 characters longer.
 *
 * Nobody can tell a cookie from before from one whose MAC was taken away: where this is turned on, users log in again.
 *
 * @example
 * const binder = new CookieBinder({ secrets: [randomBytes(32)], names: ["JSESSIONID"] });
 * headers.cookie = binder.unwrap(headers.cookie, binding);             // to the application
 * headers["set-cookie"] = binder.wrap(headers["set-cookie"], binding); // and back
 */
export class CookieBinder {
  readonly #secrets: Secrets;
  readonly #names: ReadonlySet<string>;
  readonly #lookalikes: (pair: string) => boolean;
  readonly #rejects: boolean;
  readonly #acceptUnbound: boolean;

  /** @throws TokenBindingError `invalid_argument` for unknown options and impossible values */
  constructor(options: CookieBinderOptions) {
    checkOptions("CookieBinder", options, {
      secrets: isSecrets,
      names: {
        required: true,
        expected: "an array of one or more cookie names",
        test: (value) => Array.isArray(value) && value.length > 0 && Array.from(value).every(isToken),
      },
      onInvalid: {
        expected: '"ignore" or "reject"',
        test: (value) => value === "ignore" || value === "reject",
      },
      acceptUnbound: isBoolean,
    });
    this.#secrets = new Secrets(options.secrets);
    this.#names = new Set(options.names);
    this.#lookalikes = lookalikes(options.names);
    this.#rejects = options.onInvalid === "reject";
    this.#acceptUnbound = options.acceptUnbound ?? false;
  }

  /**
   * The Set-Cookie values to send instead of the application's. Attributes stay as they are; a cookie that is deleted
   * loses its value.
   *
   * @param proof - what the request proved that is being answered
   * @throws TokenBindingError `token_binding_missing` when the request proved nothing and unbound cookies are not
   *   accepted, `invalid_argument` for a cookie that would be longer than 4,096 bytes
   */
  readonly wrap = (
    setCookies: string | readonly string[] | undefined,
    proof: RequestProof | undefined,
  ): string[] => {
    const all = typeof setCookies === "string" ? [setCookies] : (setCookies ?? []);
    return all.map((text) => {
      const cookie = new SetCookie(text);
      if (!this.#names.has(cookie.name)) return text;
      return cookie.with(cookie.isDeletion() ? "" : this.#bind(cookie, proof));
    });
  };

  /**
   * The Cookie field that the application may see, undefined when no cookie is left.
   *
   * @param field - the request's
   * @param proof - what the same request proved
   * @throws TokenBindingError `token_binding_missing` or `token_invalid`, and only with `onInvalid: "reject"`
   */
  readonly unwrap = (field: CookieField, proof: RequestProof | undefined): string | undefined => {
    const keys = this.#keys(proof);
    const passed: string[] = [];
    for (const { text, name, value } of cookiePairs(field)) {
      if (this.#names.has(name)) {
        const own = this.#unbind(name, value, keys);
        if (own !== undefined) passed.push(`${name}=${own}`);
        else if (this.#rejects) throw refusal(name, keys);
      } else if (text !== "" && !this.#lookalikes(text)) {
        passed.push(text);
      }
    }
    return passed.length === 0 ? undefined : passed.join("; ");
  };

  #bind({ name, value }: SetCookie, proof: RequestProof | undefined): string {
    const [key] = Object.entries(confirmationOf(proofOf(proof)) ?? {}) as [string, string][];
    if (key === undefined && !this.#acceptUnbound) {
      throw new TokenBindingError(
        "token_binding_missing",
        "binding a cookie needs a request that proved a Token Binding or a client certificate",
      );
    }
    const bound = join(value, this.#secrets.sign(signedText(name, value, key ?? unbound)));
    if (name.length + bound.length <= maxCookieLength) return bound;
    throw new TokenBindingError(
      "invalid_argument",
      `CookieBinder: ${name}: expected a cookie of at most ${maxCookieLength} bytes once it is bound, got ${name.length + bound.length}`,
    );
  }

  /** The keys that a cookie of this request may be bound to. */
  #keys(proof: RequestProof | undefined): Key[] {
    const proven = Object.entries(proofOf(proof)).filter(([, hash]) => hash !== undefined) as Key[];
    return this.#acceptUnbound ? [...proven, unbound] : proven;
  }

  #unbind(name: string, text: string, keys: readonly Key[]): string | undefined {
    if (name.length + text.length > maxCookieLength) return undefined;
    const split = splitValue(text);
    if (split === undefined) return undefined;
    const { value, mac } = split;
    return keys.some((key) => this.#secrets.isSigned(signedText(name, value, key), mac)) ? value : undefined;
  }
}

/** By the kind and the hash of the key. */
type Key = readonly [kind: string, hash: string];

const unbound: Key = ["", ""];

/** What the MAC is made over: JSON, so that no other name, value and key give the same text. */
function signedText(name: string, value: string, [kind, hash]: Key): string {
  return JSON.stringify(["cookie", name, value, kind, hash]);
}

/** Puts the MAC at the end, within the quotes of a quoted value. */
function join(value: string, mac: string): string {
  return isQuoted(value) ? `${value.slice(0, -1)}.${mac}"` : `${value}.${mac}`;
}

function splitValue(text: string): { value: string; mac: string } | undefined {
  const quote = isQuoted(text) ? '"' : "";
  const end = text.length - quote.length;
  const dot = end - macLength - 1;
  if (text[dot] !== ".") return undefined;
  return { value: text.slice(0, dot) + quote, mac: text.slice(dot + 1, end) };
}

function isQuoted(value: string): boolean {
  return value.length >= 2 && value.startsWith('"') && value.endsWith('"');
}

function refusal(name: string, keys: readonly Key[]): TokenBindingError {
  if (keys.length === 0) {
    return new TokenBindingError(
      "token_binding_missing",
      `the ${name} cookie is bound, and the request proved no key`,
    );
  }
  return new TokenBindingError(
    "token_invalid",
    `the ${name} cookie is not one that was bound to this client`,
  );
}

/** token of RFC 9110 section 5.6.2 */
function isToken(value: unknown): boolean {
  return typeof value === "string" && /^[\w!#$%&'*+.^`|~-]+$/.test(value);
}
