import { isIP, type TcpNetConnectOpts } from "node:net";
import type { ConnectionOptions } from "node:tls";
import { checkOptions, isBoolean, isCount, isFunction, type OptionRule } from "@tokbind/codec/options";
import { isHostName } from "./route.ts";

/**
 * How connections are made: options of `tls.connect` under their names, and those of undici's connector. What is not
 * here the agent decides itself (ALPN, TLS sessions, the TLS context) or does not support, and refuses.
 */
export interface TlsOptions {
  readonly ca?: ConnectionOptions["ca"] | undefined;
  readonly cert?: ConnectionOptions["cert"] | undefined;
  readonly ciphers?: ConnectionOptions["ciphers"] | undefined;
  readonly crl?: ConnectionOptions["crl"] | undefined;
  readonly ecdhCurve?: ConnectionOptions["ecdhCurve"] | undefined;
  readonly key?: ConnectionOptions["key"] | undefined;
  readonly maxVersion?: ConnectionOptions["maxVersion"] | undefined;
  readonly minVersion?: ConnectionOptions["minVersion"] | undefined;
  readonly passphrase?: ConnectionOptions["passphrase"] | undefined;
  readonly pfx?: ConnectionOptions["pfx"] | undefined;
  readonly secureOptions?: ConnectionOptions["secureOptions"] | undefined;
  readonly sigalgs?: ConnectionOptions["sigalgs"] | undefined;
  readonly checkServerIdentity?: ConnectionOptions["checkServerIdentity"] | undefined;
  readonly rejectUnauthorized?: ConnectionOptions["rejectUnauthorized"] | undefined;
  readonly servername?: ConnectionOptions["servername"] | undefined;
  readonly autoSelectFamily?: TcpNetConnectOpts["autoSelectFamily"] | undefined;
  readonly autoSelectFamilyAttemptTimeout?: TcpNetConnectOpts["autoSelectFamilyAttemptTimeout"] | undefined;
  readonly family?: TcpNetConnectOpts["family"] | undefined;
  readonly hints?: TcpNetConnectOpts["hints"] | undefined;
  readonly localAddress?: TcpNetConnectOpts["localAddress"] | undefined;
  readonly lookup?: TcpNetConnectOpts["lookup"] | undefined;
  /** Bytes that a socket reads ahead. */
  readonly highWaterMark?: number | undefined;
  /** Path of a Unix domain socket to connect to, in place of the host. */
  readonly socketPath?: string | undefined;
  /** Milliseconds until the TLS handshake has to be complete; 0: no limit. Default: 10,000. */
  readonly timeout?: number | undefined;
  /** Whether TCP keep-alive probes are sent. Default: true. */
  readonly keepAlive?: boolean | undefined;
  /** Milliseconds of silence before the first probe. Default: 60,000. */
  readonly keepAliveInitialDelay?: number | undefined;
  /** Most origins to keep a TLS session of, for resumption; 0: none. Default: 100. */
  readonly maxCachedSessions?: number | undefined;
}

export const isString: OptionRule = { expected: "a string", test: (value) => typeof value === "string" };

/** Of milliseconds, flags or things, where 0 says something as well. */
export const isAmount: OptionRule = {
  expected: "a whole number, 0 or more",
  test: (value) => Number.isSafeInteger(value) && (value as number) >= 0,
};

export const isAddress: OptionRule = {
  expected: "an IP address",
  test: (value) => typeof value === "string" && isIP(value) !== 0,
};

export const isPath: OptionRule = {
  expected: "a path",
  test: (value) => typeof value === "string" && value !== "",
};

export const isFamily: OptionRule = {
  expected: "0, 4 or 6",
  test: (value) => [0, 4, 6].includes(value as number),
};

/** node:tls looks into lists itself, when the context is made. */
export const isMaterial: OptionRule = {
  expected: "a string, bytes or a list",
  test: (value) => typeof value === "string" || ArrayBuffer.isView(value) || Array.isArray(value),
};

const rules: Readonly<Record<keyof TlsOptions, OptionRule>> = {
  autoSelectFamily: isBoolean,
  autoSelectFamilyAttemptTimeout: isAmount,
  ca: isMaterial,
  cert: isMaterial,
  checkServerIdentity: isFunction,
  ciphers: isString,
  crl: isMaterial,
  ecdhCurve: isString,
  family: isFamily,
  highWaterMark: isCount,
  hints: isAmount,
  keepAlive: isBoolean,
  keepAliveInitialDelay: isAmount,
  key: isMaterial,
  localAddress: isAddress,
  lookup: isFunction,
  maxCachedSessions: isAmount,
  maxVersion: isString,
  minVersion: isString,
  passphrase: isString,
  pfx: isMaterial,
  rejectUnauthorized: isBoolean,
  secureOptions: isAmount,
  servername: { expected: "the name of a host", test: isHostName },
  sigalgs: isString,
  socketPath: isPath,
  timeout: isAmount,
};

/** All names of {@link TlsOptions}. */
export const tlsOptionNames = Object.keys(rules) as readonly (keyof TlsOptions)[];

/**
 * The options that are set, checked.
 *
 * @throws TokenBindingError `invalid_argument`
 */
export function checkTlsOptions(options: TlsOptions | undefined): TlsOptions {
  if (options === undefined) return {};
  checkOptions("TokenBindingAgent: connect", options, rules);
  // node:tls takes a member that is undefined for one that is set: without a checkServerIdentity it would crash.
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}
