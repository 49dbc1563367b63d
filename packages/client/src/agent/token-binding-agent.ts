import type { KeyParameters } from "@tokbind/codec";
import { checkOptions, isBoolean, isCount, isFunction, type OptionRule } from "@tokbind/codec/options";
import { Agent, type buildConnector, type Dispatcher, Pool } from "undici";
import { MemoryKeyStore } from "../keys/memory-key-store.ts";
import { scopeOf } from "../keys/scope-of.ts";
import type { TokenBindingKeyStore } from "../keys/token-binding-key-store.ts";
import { createConnector } from "./connect-origin.ts";
import { type Fetch, fetchOver, ownBody } from "./fetch.ts";
import { headerFields } from "./header-fields.ts";
import { keyGetter } from "./key-getter.ts";
import { guarded } from "./observer.ts";
import { OriginPool } from "./origin-pool.ts";
import type { RenewedClientCertificate } from "./renewed-tls-options.ts";
import { parseRoute, routeText } from "./route.ts";
import type { SentRequest } from "./sent-request.ts";
import { checkTlsOptions, type TlsOptions } from "./tls-options.ts";
import { failRequest } from "./watched-handler.ts";

/** Options of {@link TokenBindingAgent}. */
export interface TokenBindingAgentOptions {
  /** Where keys come from. Default: a MemoryKeyStore of its own. */
  readonly keyStore?: TokenBindingKeyStore | undefined;
  /** What is offered, most preferred first. Default: `ecdsap256`, `rsa2048_pss`, `rsa2048_pkcs1.5`. */
  readonly keyParameters?: readonly KeyParameters[] | undefined;
  /** How connections are made, such as `ca`, `cert`, `key`, `rejectUnauthorized`, `minVersion`, `lookup`, `timeout`. */
  readonly connect?: TlsOptions | undefined;
  /** Most connections per origin, at least 1. Default: no limit, as in undici. */
  readonly connections?: number | undefined;
  /** Whether to use HTTP/2 where the server does; one connection then carries all requests. Default: false. */
  readonly allowH2?: boolean | undefined;
  /**
   * The scope of the key for an origin (its path is always `/`), asked once. Default: {@link scopeOf}, which a browser
   * must not widen (RFC 8473 section 2.1).
   */
  readonly scope?: ((origin: URL) => string) | undefined;
  /** Called for every request over https when it is about to be written. A request fails with what this throws. */
  readonly observe?: ((sent: SentRequest) => void) | undefined;
}

const isKeyStore: OptionRule = {
  expected: "an object with get, delete and clear",
  test: (value) => {
    const { get, delete: remove, clear } = Object(value) as Partial<TokenBindingKeyStore>;
    return [get, remove, clear].every((method) => typeof method === "function");
  },
};
const rules: Readonly<Record<keyof TokenBindingAgentOptions, OptionRule>> = {
  allowH2: isBoolean,
  connect: { expected: "an object of options", test: (value) => typeof value === "object" && value !== null },
  connections: isCount,
  keyParameters: { expected: "a list of names", test: Array.isArray },
  keyStore: isKeyStore,
  observe: isFunction,
  scope: isFunction,
};

/**
 * An undici Dispatcher that offers Token Binding on every https connection and, where the server accepts, sends
 * every request with a Sec-Token-Binding signed for the very connection that carries it (RFC 8473 section 2).
 * Without negotiation, over http and in CONNECT there is no such header.
 *
 * The key is that of the host whose name the certificate is checked against: of the URL, or of the option `servername`
 * of a request, which undici's `interceptors.dns()` sets.
 *
 * An application's own Sec-Token-Binding is refused: the request fails with `invalid_argument`. A request also
 * fails with `key_store` when the key store or a key does, with `invalid_argument` when `scope` or `observe` throws, and
 * with `connection_lost` when its connection closes too early.
 *
 * @example
 * const agent = new TokenBindingAgent({ keyStore: new FileKeyStore({ directory: "keys" }) });
 * const response = await agent.fetch("https://example.com/");
 */
export class TokenBindingAgent extends Agent {
  readonly #servername: string | undefined;

  /**
   * `fetch` over this agent; redirects are followed, and each request gets the header of its origin. It takes the
   * Request, Headers and FormData of the platform and those of undici, and works without the agent: `const { fetch } =
   * agent`.
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
    checkOptions("TokenBindingAgent", options, rules);
    const { keyParameters, allowH2 = false, scope = scopeOf, observe } = options;
    const { keyStore = new MemoryKeyStore(), connections = Infinity } = options;
    const connect = checkTlsOptions(options.connect);
    const { connectOrigin, renewCertificate } = createConnector({ keyParameters, connect, allowH2 });
    const shared = {
      connectOrigin,
      connections,
      allowH2,
      observe: observe && guarded(observe),
    };
    super({
      factory(text): Dispatcher {
        const route = parseRoute(text);
        if (route.origin.protocol !== "https:") return plainPool(route.origin, connections, connect);
        return new OriginPool({ ...shared, route, getKey: keyGetter(keyStore, scope, route.origin) });
      },
    });
    this.renewCertificate = renewCertificate;
    this.#servername = connect.servername;
    // eslint-disable-next-line @typescript-eslint/no-this-alias -- fetch works without one
    const agent = this;
    const fetch = function (this: unknown, input: unknown, init?: unknown): Promise<unknown> {
      // agent.compose() makes another agent, with interceptors.
      return fetchOver(this instanceof TokenBindingAgent ? this : agent, input, init);
    };
    this.fetch = fetch as Fetch;
  }

  override dispatch(options: Agent.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    let own: Agent.DispatchOptions;
    try {
      const { servername = this.#servername } = options as { servername?: unknown };
      const origin = routeText(options.origin, servername);
      const body = ownBody(options.body);
      own = { ...options, origin, body, headers: headerFields(options.headers) } as Agent.DispatchOptions;
    } catch (error) {
      failRequest(handler, error as Error);
      return false;
    }
    return super.dispatch(own, handler);
  }
}

/** undici's own pool, for http. */
function plainPool(origin: URL, connections: number, connect: TlsOptions): Pool {
  const { localAddress = null, ...others } = connect;
  return new Pool(origin, {
    connections: connections === Infinity ? null : connections,
    // undici takes this one here only.
    localAddress,
    connect: others as buildConnector.BuildOptions,
  } as Pool.Options);
}
