import { invalid } from "./errors.ts";
import { checkDns, type CheckedNames } from "./names.ts";

/** Domains for name constraints, as A-labels. */
export function checkPermittedDomains(domains: readonly string[]): readonly string[] {
  return [...new Set(domains.map((domain) => checkDns("permittedDomains", domain)))];
}

/**
 * Refuses names that name constraints forbid, so that no certificate leaves which nobody accepts.
 *
 * @throws TokenBindingError `invalid_argument`
 */
export function checkPermitted(names: CheckedNames, domains: readonly string[]): void {
  if (domains.length === 0) return;
  const isPermitted = (host: string) => domains.some((one) => host === one || host.endsWith(`.${one}`));
  for (const [name, host] of hostsOf(names)) {
    if (host !== "" && isPermitted(host)) continue;
    throw invalid(`${name}: this CA is for ${domains.join(", ")} and what is below only`);
  }
}

/** Every name that is constrained, with its host; empty for a URI without one. */
function hostsOf({ name, dns, email, uri }: CheckedNames): (readonly [string, string])[] {
  return [
    // OpenSSL takes a common name of this form for a host name where there is no other.
    ...(name !== undefined && /^[\w-]+(\.[\w-]+)+$/.test(name) ? [[name, name.toLowerCase()] as const] : []),
    ...dns.map((host) => [host, host.replace(/^\*\./, "")] as const),
    ...(email === undefined ? [] : [[email, email.slice(email.indexOf("@") + 1)] as const]),
    ...(uri === undefined ? [] : [[uri, hostOf(uri)] as const]),
  ];
}

/** The host of RFC 3986 section 3.2.2, read off as validators do it: without user and port. */
function hostOf(uri: string): string {
  const match = /^[^:]+:\/\/(?:[^/?#@]*@)?([^/?#:]*)/.exec(uri);
  return match?.[1]?.toLowerCase() ?? "";
}
