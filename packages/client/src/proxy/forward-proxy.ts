import type { Socket, TcpNetConnectOpts } from "node:net";
import { TokenBindingError } from "@tokbind/codec";
import { connectToProxy } from "./connect-to-proxy.ts";
import { parseNoProxy } from "./no-proxy.ts";
import { openTunnel } from "./open-tunnel.ts";
import { prepareProxyTls, type ProxyOptions, type ProxyTls } from "./proxy-options.ts";
import { type Proxy, parseProxyUrl } from "./proxy-url.ts";

const networkOptions: ReadonlySet<string> = new Set<keyof TcpNetConnectOpts>([
  "autoSelectFamily",
  "autoSelectFamilyAttemptTimeout",
  "family",
  "hints",
  "localAddress",
  "localPort",
  "lookup",
]);

/** The host and port that a connection is for. */
export interface Target {
  /** A name, or an address without brackets. */
  readonly host: string;
  readonly port: number;
}

/** The forward proxies that an agent was told to use. */
export class ForwardProxy {
  readonly #tls: ProxyTls | undefined;
  readonly #proxyFor: (protocol: string, target: Target) => Proxy | undefined;

  constructor(tls: ProxyTls | undefined, proxyFor: (protocol: string, target: Target) => Proxy | undefined) {
    this.#tls = tls;
    this.#proxyFor = proxyFor;
  }

  /** Undefined: this one goes directly. */
  for(protocol: string, target: Target): Proxy | undefined {
    return this.#proxyFor(protocol, target);
  }

  /**
   * A connection to a proxy.
   *
   * @param options - those that say how to reach a host count, such as `lookup` and `localAddress`
   * @throws TokenBindingError `proxy_failed`, and the reason of the signal
   */
  connect(proxy: Proxy, options: object, signal: AbortSignal): Promise<Socket> {
    const network = Object.fromEntries(Object.entries(options).filter(([name]) => networkOptions.has(name)));
    return connectToProxy(proxy, { ...network, ...(proxy.isHttps && this.#tls) }, signal);
  }

  /**
   * A connection through a proxy to the target, over which nothing has been sent yet.
   *
   * @param options - as those of {@link connect}
   * @throws TokenBindingError `proxy_failed`, and the reason of the signal
   */
  async open(proxy: Proxy, target: Target, options: object, signal: AbortSignal): Promise<Socket> {
    return openTunnel(await this.connect(proxy, options, signal), proxy, target, signal);
  }
}

/**
 * The proxy that the options of an agent name; undefined: none.
 *
 * @param owner - the agent, named in the errors
 * @throws TokenBindingError `invalid_argument`
 */
export function forwardProxyOf(owner: string, { proxy, proxyTls }: ProxyOptions): ForwardProxy | undefined {
  const tls = proxyTls && prepareProxyTls(owner, proxyTls);
  if (proxy === "environment") return new ForwardProxy(tls, environmentProxies(owner));
  const only = proxy === undefined ? undefined : parseProxyUrl(`${owner}: proxy`, proxy);
  if (tls !== undefined && !only?.isHttps) {
    const message = `${owner}: proxyTls: expected none without a proxy that is reached over https, got one`;
    throw new TokenBindingError("invalid_argument", message);
  }
  return only && new ForwardProxy(tls, () => only);
}

/** The proxies of the environment, read once: a change would otherwise send half of the requests elsewhere. */
function environmentProxies(owner: string): (protocol: string, target: Target) => Proxy | undefined {
  const proxies: Readonly<Record<string, Proxy | undefined>> = {
    "https:": environmentProxy(owner, "HTTPS_PROXY"),
    "http:": environmentProxy(owner, "HTTP_PROXY"),
  };
  const isExempt = parseNoProxy(variable("NO_PROXY")[1]);
  return (protocol, { host, port }) => (isExempt(host, port) ? undefined : proxies[protocol]);
}

function environmentProxy(owner: string, upperCase: string): Proxy | undefined {
  const [name, value] = variable(upperCase);
  return value === "" ? undefined : parseProxyUrl(`${owner}: proxy: ${name}`, value);
}

/** The name and value of a variable in lower case or, without it, in upper case; an empty value counts as none. */
function variable(upperCase: string): [string, string] {
  const name = [upperCase.toLowerCase(), upperCase].find((each) => process.env[each]) ?? upperCase;
  return [name, process.env[name] ?? ""];
}
