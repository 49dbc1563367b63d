/**
 * For researchers and conformance suites: the bodies of extension 24 as they are on the wire, without a single
 * check of RFC 8472. Not for applications: what is sent here negotiates nothing.
 *
 * @module
 */

import type { Socket } from "node:net";
import { native } from "./native.ts";
import { finishedMessages } from "./negotiated-token-binding.ts";
import { configureContexts } from "./with-token-binding.ts";

/** Extension bodies to send, 0 to 65535 bytes each; one left out is not sent. */
export interface RawExtension {
  /** In our ClientHello. */
  readonly offer?: Uint8Array;
  /** In our ServerHello or EncryptedExtensions, whenever the client sent the extension. */
  readonly answer?: Uint8Array;
}

/**
 * As `withTokenBinding`, but the contexts made inside `create` send these bodies and take any from the peer.
 *
 * @throws TokenBindingError as `withTokenBinding`
 */
export function withRawExtension<T>(create: () => T, extension: RawExtension): T {
  return configureContexts("withRawExtension", create, false, extension.offer, extension.answer);
}

/**
 * The extension body that the peer sent on a connection made by `withRawExtension` or `withTokenBinding`;
 * undefined when it sent none, before the handshake is complete and after the socket is destroyed.
 */
export function receivedExtension(socket: Socket): Uint8Array | undefined {
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
}

/** For tests of leaks. */
export function liveState(): LiveState {
  return native().live();
}
