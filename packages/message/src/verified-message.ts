import type { KeyParameters, TokenBinding } from "@tokbind/codec";
import { tokenBindingHash } from "@tokbind/crypto";

/** An identity that the client has proven on its connection: a token bound to it may be honoured. Frozen. */
export interface ProvidedTokenBinding {
  /** The Token Binding ID, an opaque byte string (RFC 8471 section 3.2): 68 bytes for ecdsap256. A copy at each access. */
  readonly id: Uint8Array;
  /** base64url of the SHA-256 of the ID, 43 characters: the `tbh` member of `cnf`. */
  readonly tbh: string;
  readonly keyParameters: KeyParameters;
}

/** The identity that the client uses with another server and wants a token for (RFC 8473 section 5). Frozen. */
export interface ReferredTokenBinding {
  /** As in {@link ProvidedTokenBinding}. */
  readonly id: Uint8Array;
  readonly tbh: string;
  /** The registered name, or the bare code of key parameters that are not registered. */
  readonly keyParameters: KeyParameters | number;
  /** False when its key parameters are not registered: then no token may be bound to it (RFC 8473 section 5.4). */
  readonly usable: boolean;
}

/** What an accepted TokenBindingMessage establishes. Frozen. */
export interface VerifiedMessage {
  readonly provided?: ProvidedTokenBinding | undefined;
  readonly referred?: ReferredTokenBinding | undefined;
  /** Bindings of unknown type, as decoded: ignored, and not verified unless that was asked for. */
  readonly others: readonly TokenBinding[];
}

/**
 * What both identities consist of. `id` is an own property with the one getter of them all: V8 takes ten times the memory
 * for an object with a getter of its own.
 */
class Identity<Parameters> {
  static readonly #ownId: PropertyDescriptor & ThisType<Identity<unknown>> = {
    enumerable: true,
    get() {
      return this.#id.slice();
    },
  };
  readonly #id: Uint8Array;
  declare readonly id: Uint8Array;
  readonly tbh: string;
  readonly keyParameters: Parameters;

  /** @param id - bytes that nobody else has: bytes cannot be frozen, so each access to `id` gives a copy of them */
  constructor(id: Uint8Array, keyParameters: Parameters) {
    this.#id = id;
    this.tbh = tokenBindingHash(id);
    this.keyParameters = keyParameters;
    Object.defineProperty(this, "id", Identity.#ownId);
  }
}

class Referred extends Identity<KeyParameters | number> implements ReferredTokenBinding {
  readonly usable = typeof this.keyParameters !== "number";
}

/** @param id - bytes that nobody else has */
export function providedIdentity(id: Uint8Array, keyParameters: KeyParameters): ProvidedTokenBinding {
  return Object.freeze(new Identity(id, keyParameters));
}

/** @param id - bytes that nobody else has */
export function referredIdentity(
  id: Uint8Array,
  keyParameters: KeyParameters | number,
): ReferredTokenBinding {
  return Object.freeze(new Referred(id, keyParameters));
}
