import { BlockList, isIP } from "node:net";

/** Whether a connection needs no proxy. */
export type NoProxy = (host: string, port: number) => boolean;

/**
 * Reads NO_PROXY as curl and Go do: entries between commas or spaces; `*` stands for all hosts, a name for itself and its
 * subdomains with or without a dot or `*.` before it, an address or a prefix (`10.0.0.0/8`) for addresses; any but the last
 * may end in a port. Anything else matches nothing, so that it bypasses no proxy.
 */
export function parseNoProxy(text: string): NoProxy {
  const matchers = text
    .toLowerCase()
    .split(/[\s,]+/)
    .filter((entry) => entry !== "")
    .map(matcher);
  return (host, port) => {
    const name = host.toLowerCase().replace(/\.$/, "");
    return matchers.some((matches) => matches(name, port));
  };
}

function matcher(entry: string): NoProxy {
  if (entry === "*") return () => true;
  const [, address, length] = /^\[?([\da-f.:]+)\]?\/(\d+)$/.exec(entry) ?? [];
  if (address !== undefined) return prefixMatcher(address, Number(length));
  const bare = entry.replace(/^\[|\]$/g, "");
  if (isIP(bare) !== 0) return prefixMatcher(bare, bits(bare));
  const [, name, port] = /^(.*?)(?::(\d+))?$/.exec(entry)!;
  const host = port === undefined ? nameMatcher(name!) : matcher(name!);
  return (each, eachPort) => (port === undefined || eachPort === Number(port)) && host(each, eachPort);
}

function nameMatcher(entry: string): NoProxy {
  const domain = entry.replace(/^\*?\./, "").replace(/\.$/, "");
  return (host) => isIP(host) === 0 && (host === domain || host.endsWith(`.${domain}`));
}

function prefixMatcher(address: string, length: number): NoProxy {
  if (isIP(address) === 0 || length > bits(address)) return () => false;
  const list = new BlockList();
  list.addSubnet(address, length, familyOf(address));
  return (host) => isIP(host) !== 0 && list.check(host, familyOf(host));
}

function familyOf(address: string): "ipv4" | "ipv6" {
  return isIP(address) === 4 ? "ipv4" : "ipv6";
}

function bits(address: string): number {
  return isIP(address) === 4 ? 32 : 128;
}
