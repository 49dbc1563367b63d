/**
 * What the verifiers tell: diagnostics channels of node:diagnostics_channel, and NODE_DEBUG=tokbind. Both cost a look
 * at a flag when nobody listens. No event holds a key, an EKM or a header field.
 *
 * @module
 */

import { channel } from "node:diagnostics_channel";
import { debuglog } from "node:util";
import type { KeyParameters, TokenBindingError } from "@tokbind/codec";
import type { ProvidedTokenBinding } from "@tokbind/message";

/** Message of the channel `tokbind.negotiated`: a connection that a request came over for the first time. */
export interface NegotiatedEvent {
  readonly keyParameters: KeyParameters;
  /** "TLSv1.2" or "TLSv1.3". */
  readonly tlsVersion: string;
  readonly resumed: boolean;
}

/** Message of the channels `tokbind.verified`, `tokbind.rejected` and `tokbind.missing`. */
export interface RequestEvent {
  /** The request, as it was given to `verify`. */
  readonly request: object;
  /** `tokbind.verified`: what the request proved. */
  readonly verified?: { readonly provided: ProvidedTokenBinding } | undefined;
  /** `tokbind.verified`: whether the same message had been accepted on the connection before. */
  readonly fromMemory?: boolean | undefined;
  /** `tokbind.rejected`: why the proof was refused. */
  readonly error?: TokenBindingError | undefined;
}

const negotiatedChannel = channel("tokbind.negotiated");
const verifiedChannel = channel("tokbind.verified");
const rejectedChannel = channel("tokbind.rejected");
const missingChannel = channel("tokbind.missing");
const debug = debuglog("tokbind");
// NODE_DEBUG is read once by Node itself, too.
const isDebugging = debug.enabled;

/** Tells whoever listens. */
export const report = {
  negotiated({ keyParameters, tlsVersion, resumed }: NegotiatedEvent): void {
    // Without the EKM, which is a secret of the connection.
    if (negotiatedChannel.hasSubscribers) negotiatedChannel.publish({ keyParameters, tlsVersion, resumed });
    if (isDebugging) debug("negotiated %s over %s%s", keyParameters, tlsVersion, resumed ? ", resumed" : "");
  },
  verified(request: object, verified: RequestEvent["verified"], fromMemory: boolean): void {
    if (verifiedChannel.hasSubscribers) verifiedChannel.publish({ request, verified, fromMemory });
    if (isDebugging) debug("verified %s%s", verified?.provided.tbh, fromMemory ? " from memory" : "");
  },
  rejected(request: object, error: TokenBindingError): void {
    if (rejectedChannel.hasSubscribers) rejectedChannel.publish({ request, error });
    if (isDebugging) debug("rejected: %s: %s", error.code, error.message);
  },
  missing(request: object): void {
    if (missingChannel.hasSubscribers) missingChannel.publish({ request });
    if (isDebugging) debug("no Token Binding on this request");
  },
};
