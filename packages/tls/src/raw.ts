/**
 * For researchers and conformance suites: the bodies of extension 24 as they are on the wire, without a single
 * check of RFC 8472. Not for applications: what is sent here negotiates nothing.
 *
 * @module
 */

import { checkOptions, type OptionRule } from "@tokbind/codec/options";
import type { Socket } from "node:net";
import { configureContexts, type NotAPromise } from "./configure-contexts.ts";
import { finishedMessages } from "./finished-messages.ts";
import { native } from "./native.ts";

export type { NotAPromise } from "./configure-contexts.ts";

/** Extension bodies to send, 0 to 65535 bytes each; one left out is not sent. */
export interface RawExtension {
  /** In the ClientHello of a connection's first handshake. */
  readonly offer?: Uint8Array | undefined;
  /** In the ClientHello of a renegotiation, up to TLS 1.2. */
  readonly renegotiationOffer?: Uint8Array | undefined;
  /** In our ServerHello or EncryptedExtensions, whenever the client sent the extension. */
  readonly answer?: Uint8Array | undefined;
}

const isBody: OptionRule = {
  expected: "a Uint8Array of at most 65535 bytes",
  test: (value) => value instanceof Uint8Array && value.length <= 0xffff,
};
const bodyRules: Record<keyof RawExtension, OptionRule> = {
  offer: isBody,
  renegotiationOffer: isBody,
  answer: isBody,
};

/**
 * As `withTokenBinding`, but the contexts made inside `create` send these bodies and take any from the peer.
 *
 * @throws TokenBindingError as `withTokenBinding`
 * @example
 * const socket = withRawExtension(() => tls.connect(443, host), { offer: Uint8Array.of(1, 0, 1, 2) });
 */
export function withRawExtension<T>(create: () => NotAPromise<T>, extension: RawExtension): T {
  checkOptions("withRawExtension", extension, bodyRules);
  return configureContexts("withRawExtension", create, { ...extension, checked: false });
}

/**
 * The extension body that the peer sent on a connection made by `withRawExtension` or `withTokenBinding`, 0 to 65535
 * bytes; undefined when it sent none, before the handshake is complete and after the socket is destroyed.
 *
 * @throws TokenBindingError `unsupported_runtime` where the addon cannot work
 */
export function receivedExtension(socket: Socket | null | undefined): Uint8Array | undefined {
  const finished = finishedMessages(socket);
  return finished && native().received(...finished);
}

/** How much of the addon's memory is alive in this process, over all threads. */
export interface LiveState {
  /** TLS contexts made by `withTokenBinding` or `withRawExtension`. */
  readonly configurations: number;
  /** Connections that sent or received the extension. */
  readonly connections: number;
  /** Those of them whose handshake is complete. */
  readonly indexed: number;
  /** Blocks of memory: one for each of the configurations, one or two for each of the connections. */
  readonly allocations: number;
}

/**
 * For tests of leaks.
 *
 * @throws TokenBindingError `unsupported_runtime` where the addon cannot work
 */
export function liveState(): LiveState {
  return native().live();
}
