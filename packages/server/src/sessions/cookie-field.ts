/** A request's Cookie field, as Node or a framework shows it. */
export type CookieField = string | readonly string[] | undefined;

/** Most bytes of a cookie's name and value together that browsers keep (RFC 6265bis section 5.6). */
export const maxCookieLength = 4096;

/** One cookie of a Cookie field. */
export interface CookiePair {
  /** The whole, without the white space around. */
  readonly text: string;
  readonly name: string;
  /** As it came: quotes and percent signs are the application's business. */
  readonly value: string;
}

/**
 * The cookies of a Cookie field (RFC 6265 section 5.4). White space is what HTTP calls so, space and tab: who trims more
 * takes a name after U+00A0 for a name with the `__Host-` prefix, which browsers do not protect.
 */
export function cookiePairs(field: CookieField): CookiePair[] {
  const text = typeof field === "string" ? field : (field ?? []).join(";");
  return text.split(";").map(cookiePair);
}

/** Name and value of `name=value`; without an equals sign all is name, as an application might see it. */
export function cookiePair(pair: string): CookiePair {
  const text = trim(pair);
  const equals = text.indexOf("=");
  if (equals < 0) return { text, name: text, value: "" };
  return { text, name: trim(text.slice(0, equals)), value: trim(text.slice(equals + 1)) };
}

function trim(text: string): string {
  let [start, end] = [0, text.length];
  while (start < end && isSpace(text.charCodeAt(start))) start++;
  while (end > start && isSpace(text.charCodeAt(end - 1))) end--;
  return text.slice(start, end);
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x09;
}
