import { type KeyParameters, TokenBindingError } from "@tokbind/codec";
import { checkOptions, isBoolean, isCount, isFunction, type OptionRule } from "@tokbind/codec/options";
import type { TokenBindingKeyStore } from "../keys/token-binding-key-store.ts";
import { type ProxyOptions, proxyRules } from "../proxy/proxy-options.ts";
import { checkReceivers, type HttpOptions, httpRules, type ReceiverOptions } from "./http-options.ts";
import { isKeyStore } from "./is-key-store.ts";
import type { SentRequest } from "./sent-request.ts";
import { checkTlsOptions, isAddress, isAmount, isPath, type TlsOptions } from "./tls-options.ts";

/**
 * Options of {@link TokenBindingAgent}: its own, and those of undici's Agent, Pool and Client under their names. Those
 * that it cannot keep it does not have: `factory`, `interceptors` (use `agent.compose()`), a `connect` that is a
 * function, `useH2c`, `h2Options`, `useMilo`.
 */
export interface TokenBindingAgentOptions extends HttpOptions, ReceiverOptions, ProxyOptions {
  /** Where keys come from. Default: a MemoryKeyStore of its own. */
  readonly keyStore?: TokenBindingKeyStore | undefined;
  /**
   * What is offered, most preferred first. Default: what the key store keeps; and where it does not say, `ecdsap256`,
   * `rsa2048_pss`, `rsa2048_pkcs1.5`.
   */
  readonly keyParameters?: readonly KeyParameters[] | undefined;
  /** How connections are made, such as `ca`, `cert`, `key`, `rejectUnauthorized`, `minVersion`, `lookup`, `timeout`. */
  readonly connect?: TlsOptions | undefined;
  /** As `connect.timeout`, which counts where both are given; so do the other members of `connect`. */
  readonly connectTimeout?: number | undefined;
  /** As `connect.maxCachedSessions`. */
  readonly maxCachedSessions?: number | undefined;
  /** As `connect.socketPath`. */
  readonly socketPath?: string | undefined;
  /** As `connect.localAddress`. */
  readonly localAddress?: string | undefined;
  /** As `connect.autoSelectFamily`. */
  readonly autoSelectFamily?: boolean | undefined;
  /** As `connect.autoSelectFamilyAttemptTimeout`. */
  readonly autoSelectFamilyAttemptTimeout?: number | undefined;
  /** Most connections per origin, at least 1. Default, as in undici: null, no limit. */
  readonly connections?: number | null | undefined;
  /** Milliseconds after which a connection takes no more requests. Default, as in undici: null, no limit. */
  readonly clientTtl?: number | null | undefined;
  /** Most origins at a time; a request to another one fails. Default: no limit, as in undici. */
  readonly maxOrigins?: number | undefined;
  /** Whether to use HTTP/2 where the server does; one connection then carries all requests. Default: false. */
  readonly allowH2?: boolean | undefined;
  /**
   * The scope of the key for an origin (its path is always `/`), asked once. Default: {@link scopeOf}, which a browser
   * must not widen (RFC 8473 section 2.1).
   */
  readonly scope?: ((origin: URL) => string) | undefined;
  /** Called for every request over https when it is about to be written. A request fails with what this throws. */
  readonly observe?: ((sent: SentRequest) => void) | undefined;
  /**
   * Whether to do what redirects ask for with Include-Referred-Token-Binding-ID: the request that a redirect leads to
   * then also proves the key of the server that sent it (RFC 8473 section 5.3), so that one server learns by which key the
   * other knows this client. In `agent.fetch`, and with undici's `interceptors.redirect()` in `agent.compose()`. Default:
   * false.
   */
  readonly refer?: boolean | undefined;
}

const isOptions: OptionRule = {
  expected: "an object of options",
  test: (value) => typeof value === "object" && value !== null,
};

const isCountOrNull: OptionRule = {
  expected: `${isCount.expected}, or null`,
  test: (value) => value === null || isCount.test(value),
};

/** Members of `connect` that undici takes beside it as well. */
const aliases = {
  autoSelectFamily: isBoolean,
  autoSelectFamilyAttemptTimeout: isAmount,
  localAddress: isAddress,
  maxCachedSessions: isAmount,
  socketPath: isPath,
} as const satisfies Readonly<Record<string, OptionRule>>;

const rules: Readonly<Record<keyof TokenBindingAgentOptions, OptionRule>> = {
  ...httpRules,
  ...aliases,
  ...proxyRules,
  allowH2: isBoolean,
  clientTtl: isCountOrNull,
  connect: isOptions,
  connectTimeout: isAmount,
  connections: isCountOrNull,
  eventSource: isOptions,
  keyParameters: { expected: "a list of names", test: Array.isArray },
  keyStore: isKeyStore,
  maxOrigins: {
    expected: "a number, more than 0",
    test: (value) => typeof value === "number" && value > 0,
  },
  observe: isFunction,
  refer: isBoolean,
  scope: isFunction,
  webSocket: isOptions,
};

/** All names of {@link TokenBindingAgentOptions}. */
export const agentOptionNames = Object.keys(rules) as readonly (keyof TokenBindingAgentOptions)[];

/**
 * Checks the options.
 *
 * @returns how connections are made, with what undici also takes outside of `connect`
 * @throws TokenBindingError `invalid_argument`
 */
export function checkAgentOptions(options: TokenBindingAgentOptions): TlsOptions {
  checkOptions("TokenBindingAgent", options, rules);
  checkReceivers(options);
  const beside: Record<string, unknown> = { timeout: options.connectTimeout };
  for (const name of Object.keys(aliases) as (keyof typeof aliases)[]) beside[name] = options[name];
  const connect = { ...checkTlsOptions(beside), ...checkTlsOptions(options.connect) };
  if (connect.socketPath !== undefined && options.proxy !== undefined) {
    const message = "TokenBindingAgent: expected a socketPath or a proxy, got both";
    throw new TokenBindingError("invalid_argument", message);
  }
  return connect;
}
