import { checkOptions, isBoolean, isCount, type OptionRule } from "@tokbind/codec/options";
import type { Client } from "undici";
import { isAmount } from "./tls-options.ts";

const isMilliseconds: OptionRule = {
  expected: "a number of milliseconds, more than 0",
  test: (value) => Number.isFinite(value) && (value as number) > 0,
};

const isThreshold: OptionRule = {
  expected: "a number of milliseconds",
  test: (value) => Number.isFinite(value),
};

const isSize: OptionRule = {
  expected: "a whole number of bytes, or -1 for no limit",
  test: (value) => value === -1 || isAmount.test(value),
};

/**
 * Options of undici's Client that say how requests are sent and answers taken: the same names, meanings and defaults.
 * `maxHeaderSize` and `maxResponseSize` hold over HTTP/2 as well, and so do `maxRequestsPerClient` and a
 * `keepAliveTimeout` that is set.
 */
export interface HttpOptions {
  readonly bodyTimeout?: Client.Options["bodyTimeout"] | undefined;
  readonly connectionWindowSize?: Client.Options["connectionWindowSize"] | undefined;
  readonly headersTimeout?: Client.Options["headersTimeout"] | undefined;
  readonly initialWindowSize?: Client.Options["initialWindowSize"] | undefined;
  readonly keepAliveMaxTimeout?: Client.Options["keepAliveMaxTimeout"] | undefined;
  readonly keepAliveTimeout?: Client.Options["keepAliveTimeout"] | undefined;
  readonly keepAliveTimeoutThreshold?: Client.Options["keepAliveTimeoutThreshold"] | undefined;
  readonly maxConcurrentStreams?: Client.Options["maxConcurrentStreams"] | undefined;
  readonly maxHeaderSize?: Client.Options["maxHeaderSize"] | undefined;
  readonly maxRequestsPerClient?: Client.Options["maxRequestsPerClient"] | undefined;
  readonly maxResponseSize?: Client.Options["maxResponseSize"] | undefined;
  readonly pingInterval?: Client.Options["pingInterval"] | undefined;
  readonly pipelining?: Client.Options["pipelining"] | undefined;
  readonly strictContentLength?: Client.Options["strictContentLength"] | undefined;
}

export const httpRules: Readonly<Record<keyof HttpOptions, OptionRule>> = {
  bodyTimeout: isAmount,
  connectionWindowSize: isCount,
  headersTimeout: isAmount,
  initialWindowSize: isCount,
  keepAliveMaxTimeout: isMilliseconds,
  keepAliveTimeout: isMilliseconds,
  keepAliveTimeoutThreshold: isThreshold,
  maxConcurrentStreams: isCount,
  maxHeaderSize: isCount,
  maxRequestsPerClient: isAmount,
  maxResponseSize: isSize,
  pingInterval: isAmount,
  pipelining: isAmount,
  strictContentLength: isBoolean,
};

/** Those that are set. */
export function httpOptions(options: HttpOptions): HttpOptions {
  const names = Object.keys(httpRules) as (keyof HttpOptions)[];
  return Object.fromEntries(
    names.filter((name) => options[name] !== undefined).map((name) => [name, options[name]]),
  );
}

/** Limits that undici's WebSocket and EventSource read off their dispatcher. */
export interface ReceiverOptions {
  readonly webSocket?: Readonly<Client.WebSocketOptions> | undefined;
  readonly eventSource?: Readonly<Client.EventSourceOptions> | undefined;
}

/** @throws TokenBindingError `invalid_argument` */
export function checkReceivers({ webSocket, eventSource }: ReceiverOptions): void {
  const limits = { maxFragments: isAmount, maxPayloadSize: isAmount };
  if (webSocket !== undefined) checkOptions("TokenBindingAgent: webSocket", webSocket, limits);
  if (eventSource === undefined) return;
  checkOptions("TokenBindingAgent: eventSource", eventSource, { maxEventSize: isAmount });
}
