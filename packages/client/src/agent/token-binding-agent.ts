import { type Agent, type buildConnector, type Dispatcher, Pool } from "undici";
import { MemoryKeyStore } from "../keys/memory-key-store.ts";
import { offeredKeyParameters } from "../keys/offered-key-parameters.ts";
import { scopeOf } from "../keys/scope-of.ts";
import { type ForwardProxy, forwardProxyOf } from "../proxy/forward-proxy.ts";
import { forwardingPool } from "../proxy/forwarding-pool.ts";
import { inOneChain, startChain } from "../redirects/redirect-chain.ts";
import { AnyUndiciAgent } from "./any-undici-agent.ts";
import { checkAgentOptions, type TokenBindingAgentOptions } from "./agent-options.ts";
import { createConnector } from "./connect-origin.ts";
import { type Fetch, makeFetch, undiciBody } from "./fetch.ts";
import { headerFields } from "./header-fields.ts";
import { httpOptions } from "./http-options.ts";
import { keyGetter } from "./key-getter.ts";
import { guarded } from "./observer.ts";
import { OriginPool } from "./origin-pool.ts";
import type { OwnOptions } from "./pending-request.ts";
import { Pools } from "./pools.ts";
import type { RenewedClientCertificate } from "./renewed-tls-options.ts";
import { anonymous, parseRoute, type Route, routeText } from "./route.ts";
import type { TlsOptions } from "./tls-options.ts";
import { failRequest } from "./watched-handler.ts";

type RequestOptions = Agent.DispatchOptions & {
  readonly servername?: unknown;
  readonly [anonymous]?: boolean;
};

/**
 * An undici Dispatcher that offers Token Binding on every https connection and, where the server accepts, sends
 * every request with a Sec-Token-Binding signed for the very connection that carries it (RFC 8473 section 2).
 * Without negotiation, over http and in CONNECT there is no such header.
 *
 * The key is that of the host whose name the certificate is checked against: of the URL, or of the option `servername`
 * of a request, which undici's `interceptors.dns()` sets.
 *
 * A request whose connection is lost before the answer goes over another one, signed afresh, when the server cannot have
 * acted on it, or when it is idempotent (RFC 9110 section 9.2.2; the option `idempotent` of a request decides) and has a
 * body that can be sent again, if any: ten times at most, and within its `headersTimeout`.
 *
 * An application's own Sec-Token-Binding is refused: the request fails with `invalid_argument`. A request also
 * fails with `key_store` when the key store or a key does, with `invalid_argument` when `scope` or `observe` throws, and
 * with `connection_lost` when its connection closes too early. Key store, `scope` and `observe` run in the asynchronous
 * context of the request.
 *
 * @example
 * const agent = new TokenBindingAgent({ keyStore: new FileKeyStore({ directory: "keys" }) });
 * const response = await agent.fetch("https://example.com/");
 */
export class TokenBindingAgent extends AnyUndiciAgent {
  readonly #servername: string | undefined;

  /**
   * `fetch` over this agent; redirects are followed, and each request gets the header of its origin. It takes the
   * Request, Headers and FormData of the platform and those of undici, answers with the platform's Response, and works
   * without the agent: `const { fetch } = agent`. With `credentials: "omit"` it uses connections that do not offer Token
   * Binding.
   */
  readonly fetch: Fetch;

  /**
   * Replaces the client's certificate and key, or the CAs that it trusts; what is not given stays. Requests from now on
   * have new connections, without resumption; those under way end on theirs. Keys of the key store stay.
   *
   * @throws TokenBindingError `invalid_argument`; then everything stays as it was
   * @example
   * agent.renewCertificate({ cert: readFileSync("cert.pem"), key: readFileSync("key.pem") });
   */
  readonly renewCertificate: (renewed: RenewedClientCertificate) => void;

  /**
   * @throws TokenBindingError `invalid_argument` for unknown options and impossible values, `unsupported_runtime` where
   *   the extension cannot be offered
   */
  constructor(options: TokenBindingAgentOptions = {}) {
    const connect = checkAgentOptions(options);
    const { keyStore = new MemoryKeyStore(), scope = scopeOf, observe } = options;
    const keyParameters = offeredKeyParameters(keyStore, options.keyParameters);
    const { allowH2 = false, maxOrigins = Infinity, webSocket, eventSource, refer = false } = options;
    const connections = options.connections ?? Infinity;
    const clientTtl = options.clientTtl ?? Infinity;
    const http = httpOptions(options);
    const forwardProxy = forwardProxyOf("TokenBindingAgent", options);
    const { connectOrigin, renewCertificate } = createConnector({
      keyParameters,
      connect,
      allowH2,
      forwardProxy,
    });
    const shared = {
      connectOrigin,
      connections,
      clientTtl,
      allowH2,
      http,
      observe: observe && guarded(observe),
      refer,
    };
    const plain = {
      ...http,
      connections: options.connections ?? null,
      clientTtl: options.clientTtl ?? null,
    } as Pool.Options;
    const pools = new Pools();
    super({
      maxOrigins,
      ...(webSocket && { webSocket }),
      ...(eventSource && { eventSource }),
      factory(text): Dispatcher {
        const route = parseRoute(text);
        const { origin } = route;
        return pools.add(
          origin,
          origin.protocol === "https:"
            ? new OriginPool({ ...shared, route, getKey: keyGetter(keyStore, scope, origin) })
            : plainPool(route, plain, connect, forwardProxy),
        );
      },
    });
    this.renewCertificate = renewCertificate;
    // An accessor as in undici, whose types call it a property.
    Object.defineProperty(this, "stats", { get: () => pools.stats });
    this.#servername = connect.servername;
    // agent.compose() makes another agent, with interceptors.
    this.fetch = makeFetch((caller) => inOneChain(caller instanceof TokenBindingAgent ? caller : this));
  }

  /** Another agent over the same connections, with interceptors; what they make of one request is one redirect chain. */
  override compose(...interceptors: Dispatcher.DispatcherComposeInterceptor[]): this;
  override compose(...interceptors: unknown[]): this;
  override compose(...interceptors: unknown[]): this {
    const all = interceptors.flat() as Dispatcher.DispatcherComposeInterceptor[];
    return super.compose(...all, startChain);
  }

  /** Its parameters are so wide that every undici, 6 to 8, takes this agent for one of its dispatchers. */
  override dispatch(options: object, handler: object): boolean {
    let own: OwnOptions;
    try {
      const given = options as RequestOptions;
      const { servername = this.#servername, [anonymous]: isAnonymous = false } = given;
      const origin = routeText(given.origin, servername, isAnonymous);
      const changed = { origin, body: undiciBody(given.body), headers: headerFields(given.headers) };
      // To spread what has the same members is seven times as slow.
      own = Object.assign({}, options, changed) as OwnOptions;
    } catch (error) {
      failRequest(handler, error as Error);
      return false;
    }
    return super.dispatch(own, handler);
  }
}

/** undici's own pool, for http. */
function plainPool(
  { origin, host }: Route,
  options: Pool.Options,
  connect: TlsOptions,
  forwardProxy: ForwardProxy | undefined,
): Pool {
  const proxy = forwardProxy?.for(origin.protocol, { host, port: Number(origin.port || 80) });
  if (proxy !== undefined) return forwardingPool(origin, proxy, forwardProxy!, connect, options);
  const { localAddress = null, ...others } = connect;
  return new Pool(origin, {
    ...options,
    // undici takes this one here only.
    localAddress,
    connect: others as buildConnector.BuildOptions,
  } as Pool.Options);
}
