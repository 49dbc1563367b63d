import type https from "node:https";
import type { KeyParameters } from "@tokbind/codec";
import { checkOptions, isBoolean, isCount, isFunction, type OptionRule } from "@tokbind/codec/options";
import { isKeyStore } from "../agent/is-key-store.ts";
import { isHostName } from "../agent/route.ts";
import type { SentRequest } from "../agent/sent-request.ts";
import { isAddress, isAmount, isFamily, isMaterial, isString } from "../agent/tls-options.ts";
import type { TokenBindingKeyStore } from "../keys/token-binding-key-store.ts";
import { type ProxyOptions, proxyRules } from "../proxy/proxy-options.ts";

const oneOf = (...values: string[]): OptionRule => ({
  expected: values.map((value) => JSON.stringify(value)).join(" or "),
  test: (value) => values.includes(value as string),
});

/** The options of `https.Agent` that TokenBindingHttpsAgent takes: those with an effect on requests to any host. */
export type HttpsAgentOptionName =
  | "ALPNProtocols"
  | "allowPartialTrustChain"
  | "autoSelectFamily"
  | "autoSelectFamilyAttemptTimeout"
  | "ca"
  | "cert"
  | "checkServerIdentity"
  | "ciphers"
  | "clientCertEngine"
  | "crl"
  | "ecdhCurve"
  | "enableTrace"
  | "family"
  | "hints"
  | "keepAlive"
  | "keepAliveMsecs"
  | "key"
  | "localAddress"
  | "localPort"
  | "lookup"
  | "maxCachedSessions"
  | "maxFreeSockets"
  | "maxSockets"
  | "maxTotalSockets"
  | "maxVersion"
  | "minDHSize"
  | "minVersion"
  | "noDelay"
  | "passphrase"
  | "pfx"
  | "privateKeyEngine"
  | "privateKeyIdentifier"
  | "pskCallback"
  | "rejectUnauthorized"
  | "scheduling"
  | "secureOptions"
  | "secureProtocol"
  | "servername"
  | "sigalgs"
  | "timeout";

const agentRules: Readonly<Record<HttpsAgentOptionName, OptionRule>> = {
  ALPNProtocols: {
    expected: '["http/1.1"]',
    test: (value) => Array.isArray(value) && value.every((each) => each === "http/1.1"),
  },
  allowPartialTrustChain: isBoolean,
  autoSelectFamily: isBoolean,
  autoSelectFamilyAttemptTimeout: isAmount,
  ca: isMaterial,
  cert: isMaterial,
  checkServerIdentity: isFunction,
  ciphers: isString,
  clientCertEngine: isString,
  crl: isMaterial,
  ecdhCurve: isString,
  enableTrace: isBoolean,
  family: isFamily,
  hints: isAmount,
  keepAlive: isBoolean,
  keepAliveMsecs: isAmount,
  key: isMaterial,
  localAddress: isAddress,
  localPort: isAmount,
  lookup: isFunction,
  maxCachedSessions: isAmount,
  maxFreeSockets: isCount,
  maxSockets: { expected: "a number, 1 or more", test: (value) => typeof value === "number" && value >= 1 },
  maxTotalSockets: {
    expected: "a number, 1 or more",
    test: (value) => typeof value === "number" && value >= 1,
  },
  maxVersion: isString,
  minDHSize: isCount,
  minVersion: isString,
  noDelay: isBoolean,
  passphrase: isString,
  pfx: isMaterial,
  privateKeyEngine: isString,
  privateKeyIdentifier: isString,
  pskCallback: isFunction,
  rejectUnauthorized: isBoolean,
  scheduling: oneOf("fifo", "lifo"),
  secureOptions: isAmount,
  secureProtocol: isString,
  servername: { expected: "the name of a host", test: isHostName },
  sigalgs: isString,
  timeout: isAmount,
};

/** All names of options that https.Agent itself takes. */
export const agentOptionNames = Object.keys(agentRules) as readonly HttpsAgentOptionName[];

/**
 * Options of TokenBindingHttpsAgent: those of `https.Agent` with an effect on requests over HTTP/1.1 to any host, and those
 * of the keys and of a proxy. `keepAlive` is true unless told otherwise: each connection costs a signature.
 */
export interface TokenBindingHttpsAgentOptions
  extends ProxyOptions, Readonly<{ [Name in HttpsAgentOptionName]?: https.AgentOptions[Name] | undefined }> {
  /** Where keys come from. Default: a MemoryKeyStore of its own. */
  readonly keyStore?: TokenBindingKeyStore | undefined;
  /** What is offered, most preferred first. Default: `ecdsap256`, `rsa2048_pss`, `rsa2048_pkcs1.5`. */
  readonly keyParameters?: readonly KeyParameters[] | undefined;
  /**
   * The scope of the key for an origin (its path is always `/`), asked once for each connection. Default: `scopeOf`, which
   * a browser must not widen (RFC 8473 section 2.1).
   */
  readonly scope?: ((origin: URL) => string) | undefined;
  /** Called for every request when it is about to be written. A request fails with what this throws. */
  readonly observe?: ((sent: SentRequest) => void) | undefined;
}

const rules: Readonly<Record<keyof TokenBindingHttpsAgentOptions, OptionRule>> = {
  ...agentRules,
  ...proxyRules,
  keyParameters: { expected: "a list of names", test: Array.isArray },
  keyStore: isKeyStore,
  observe: isFunction,
  scope: isFunction,
};

/**
 * The options for https.Agent that are set.
 *
 * @throws TokenBindingError `invalid_argument`
 */
export function checkHttpsAgentOptions(options: TokenBindingHttpsAgentOptions): https.AgentOptions {
  checkOptions("TokenBindingHttpsAgent", options, rules);
  // node:tls takes a member that is undefined for one that is set.
  const set = agentOptionNames.filter((name) => options[name] !== undefined);
  return Object.fromEntries(set.map((name) => [name, options[name]]));
}
