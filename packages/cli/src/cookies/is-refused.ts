import { type Cookie, defaultPath, domainMatch, pathMatch } from "tough-cookie";

type Known = Pick<Cookie, "key" | "secure" | "domain" | "path">;

/**
 * What RFC 6265bis refuses and the library lets in: names that are a prefix in other letter case (section 5.4), and a
 * cookie from http that would take the place of a `Secure` one (section 5.7).
 */
export function isRefused(cookie: Cookie, url: URL, known: () => readonly Partial<Known>[]): boolean {
  const { key, secure, domain, path } = cookie;
  if (/^__(secure|host)-/i.test(key) && !secure) return true;
  if (/^__host-/i.test(key) && (domain !== null || path !== "/")) return true;
  if (url.protocol === "https:") return false;
  const own = { domain: domain ?? url.hostname, path: path ?? defaultPath(url.pathname) };
  return known().some((other) => other.secure === true && other.key === key && isPlaceOf(own, other));
}

function isPlaceOf(own: { domain: string; path: string }, other: Partial<Known>): boolean {
  const domain = other.domain ?? "";
  const sharesDomain = domainMatch(own.domain, domain) === true || domainMatch(domain, own.domain) === true;
  return sharesDomain && pathMatch(own.path, other.path ?? "/");
}
