import { cookiePair } from "../sessions/cookie-field.ts";

/** A Set-Cookie value, read as browsers do (RFC 6265 section 5.2). */
export class SetCookie {
  readonly name: string;
  readonly value: string;
  /** From the first semicolon on. */
  readonly #attributes: string;

  constructor(text: string) {
    const end = text.indexOf(";");
    const { name, value } = cookiePair(end < 0 ? text : text.slice(0, end));
    this.name = name;
    this.value = value;
    this.#attributes = end < 0 ? "" : text.slice(end);
  }

  /** The same with another value. */
  with(value: string): string {
    return `${this.name}=${value}${this.#attributes}`;
  }

  /** Whether it has expired already: by the last Max-Age, or else by the last Expires. */
  isDeletion(): boolean {
    let maxAge: string | undefined;
    let expires: string | undefined;
    for (const attribute of this.#attributes.split(";")) {
      const { name, value } = cookiePair(attribute);
      if (/^max-age$/i.test(name) && /^-?\d+$/.test(value)) maxAge = value;
      if (/^expires$/i.test(name) && !Number.isNaN(Date.parse(value))) expires = value;
    }
    if (maxAge !== undefined) return Number(maxAge) <= 0;
    return expires !== undefined && Date.parse(expires) <= Date.now();
  }
}
