import type { KeyParameters, TokenBinding } from "@tokbind/codec";

/** The identity that a request has proven: a token bound to it may be honoured. */
export interface ProvidedTokenBinding {
  /**
   * The Token Binding ID, an opaque byte string (RFC 8471 section 3.2): 68 bytes for ecdsap256. All requests of a
   * client share it, so do not write to it.
   */
  readonly id: Uint8Array;
  /** base64url of the SHA-256 of the ID, 43 characters: the `tbh` member of `cnf`. */
  readonly tbh: string;
  readonly keyParameters: KeyParameters;
}

/** The identity that the client uses with another server and wants a token for (RFC 8473 section 5). */
export interface ReferredTokenBinding {
  readonly id: Uint8Array;
  readonly tbh: string;
  /** The registered name, or the bare code of key parameters that nobody here knows. */
  readonly keyParameters: KeyParameters | number;
  /** False when its key parameters are unknown: then no token may be bound to it (A-04, RFC 8473 section 5.4). */
  readonly usable: boolean;
}

/** What an accepted TokenBindingMessage establishes. */
export interface VerifiedTokenBindings {
  readonly provided: ProvidedTokenBinding;
  readonly referred?: ReferredTokenBinding;
  /** Bindings of unknown type, as decoded: ignored, and not verified unless that was asked for. */
  readonly others: readonly TokenBinding[];
}
