import { type KeyParameters, TokenBindingError } from "@tokbind/codec";
import {
  Agent,
  type buildConnector,
  type Dispatcher,
  fetch,
  Pool,
  type RequestInfo,
  type RequestInit,
  type Response,
} from "undici";
import { createConnectOrigin, type TlsOptions } from "./connect-origin.ts";
import type { GetKey } from "./connection.ts";
import { headerFields } from "./header-fields.ts";
import { failRequest } from "./intercept-failure.ts";
import { MemoryKeyStore } from "./memory-key-store.ts";
import { OriginPool } from "./origin-pool.ts";
import { scopeOf } from "./scope-of.ts";
import type { SentRequest } from "./sent-request.ts";
import type { TokenBindingKeyStore } from "./token-binding-key-store.ts";

// Without undici's dislike of properties that are undefined.
type BuildOptions = Partial<buildConnector.BuildOptions>;

/** Options of {@link TokenBindingAgent}. */
export interface TokenBindingAgentOptions {
  /** Where keys come from. Default: a MemoryKeyStore of its own. */
  readonly keyStore?: TokenBindingKeyStore | undefined;
  /** What is offered, in falling preference. Default: `ecdsap256`, `rsa2048_pss`, `rsa2048_pkcs1.5`. */
  readonly keyParameters?: readonly KeyParameters[] | undefined;
  /** Options of `tls.connect`, such as `ca`, `cert`, `key`, `rejectUnauthorized`, `minVersion`, `lookup`. */
  readonly connect?: TlsOptions | undefined;
  /** Most connections per origin, at least 1. Default: no limit, as in undici. */
  readonly connections?: number | undefined;
  /** Whether to use HTTP/2 where the server does; one connection then carries all requests. Default: false. */
  readonly allowH2?: boolean | undefined;
  /**
   * The scope of the key for an origin (its path is always `/`). Default: {@link scopeOf}, which a browser must
   * not widen (RFC 8473 section 2.1).
   */
  readonly scope?: ((origin: URL) => string) | undefined;
  /** Called for every request over https when it is about to be written. */
  readonly observe?: ((sent: SentRequest) => void) | undefined;
}

/**
 * An undici Dispatcher that offers Token Binding on every https connection and, where the server accepts, sends
 * every request with a Sec-Token-Binding signed for the very connection that carries it (RFC 8473 section 2).
 * Without negotiation, over http and in CONNECT there is no such header.
 *
 * An application's own Sec-Token-Binding is refused: the request fails with `invalid_argument`. A request also
 * fails with what the key store throws, and with `connection_lost` when its connection closes too early.
 *
 * @example
 * const agent = new TokenBindingAgent({ keyStore: new FileKeyStore("keys") });
 * const response = await agent.fetch("https://example.com/");
 */
export class TokenBindingAgent extends Agent {
  /**
   * @throws TokenBindingError `invalid_argument` for impossible options, `unsupported_runtime` where the extension
   *   cannot be offered
   */
  constructor(options: TokenBindingAgentOptions = {}) {
    const { connect = {}, allowH2 = false, scope = scopeOf, observe = () => undefined } = options;
    const keyStore = options.keyStore ?? new MemoryKeyStore();
    const connections = options.connections ?? null;
    checkConnections(connections);
    const connectOrigin = createConnectOrigin({ keyParameters: options.keyParameters, connect, allowH2 });
    super({
      factory(origin): Dispatcher {
        const url = new URL(origin);
        if (url.protocol !== "https:")
          return new Pool(url, { connections, connect: connect as BuildOptions });
        const getKey = keyGetter(keyStore, () => scope(url));
        return new OriginPool(url, {
          connectOrigin,
          getKey,
          connections: connections ?? Infinity,
          allowH2,
          observe,
        });
      },
    });
  }

  override dispatch(options: Agent.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    let headers: string[];
    try {
      headers = headerFields(options.headers);
    } catch (error) {
      failRequest(handler, error as Error);
      return false;
    }
    return super.dispatch({ ...options, headers }, handler);
  }

  /** undici's `fetch` over this agent; redirects are followed, and each request gets the header of its origin. */
  fetch(input: RequestInfo, init?: RequestInit): Promise<Response> {
    return fetch(input, { ...init, dispatcher: this });
  }
}

function checkConnections(connections: number | null): void {
  if (connections === null || (Number.isInteger(connections) && connections > 0)) return;
  throw new TokenBindingError("invalid_argument", `connections: expected 1 or more, got ${connections}`);
}

function keyGetter(keyStore: TokenBindingKeyStore, scope: () => string): GetKey {
  return async (keyParameters) => {
    const key = await keyStore.get(scope(), keyParameters);
    if (key.keyParameters === keyParameters) return key;
    throw new TokenBindingError(
      "key_store",
      `key store: expected a key of type ${keyParameters}, which was negotiated, got ${key.keyParameters}`,
    );
  };
}
