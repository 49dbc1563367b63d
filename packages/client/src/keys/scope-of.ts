import { TokenBindingError } from "@tokbind/codec";
import { getDomain } from "tldts";

// What has no eTLD+1, and the port: A-25.
/**
 * The scope of the keys that are used with a URL: its registrable domain, eTLD+1 (RFC 8473 section 2.1), with the
 * private section of the public suffix list counted. IP addresses, single labels and public suffixes have no such
 * domain and are their own scope; the port does not matter.
 *
 * @param url - an https URL
 * @returns in lower case, IDNA-encoded, without a trailing dot; an IPv6 address stays in brackets
 * @throws TokenBindingError `invalid_argument` for any other scheme (RFC 8473 section 2)
 * @example
 * scopeOf(new URL("https://www.example.co.uk:8443/")); // "example.co.uk"
 */
export function scopeOf(url: URL): string {
  if (url.protocol !== "https:") {
    throw new TokenBindingError("invalid_argument", `scope: expected an https URL, got ${url.protocol}`);
  }
  const host = url.hostname.replace(/\.$/, "");
  // The URL standard lets empty labels through, which no domain has.
  if (host.split(".").includes("")) return host;
  return getDomain(host, { allowPrivateDomains: true, extractHostname: false }) ?? host;
}
