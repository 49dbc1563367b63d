import type { KeyParameters, TokenBindingID } from "@tokbind/codec";
import type { TokenBindingPublicKeyHandle } from "@tokbind/crypto";
import { LRUCache } from "lru-cache";
import { type ProvidedTokenBinding, providedIdentity } from "./verified-message.ts";

/** A key that a client has proven to hold, ready to verify with. */
export interface KnownKey {
  /** The bytes of its Token Binding ID; a copy, so the message that it came with need not outlive it. */
  readonly id: Uint8Array;
  /** Made once and shared by all requests that prove the key. */
  readonly identity: ProvidedTokenBinding;
  readonly publicKey: TokenBindingPublicKeyHandle;
}

/**
 * The keys of clients seen lately, because importing a key costs as much as using it. Only keys that have verified
 * a signature get in: a stranger can fill it with keys of its own, but not with bytes that never were keys.
 */
export class KnownKeys {
  readonly #keys: LRUCache<number, KnownKey>;

  /** @param max - number of keys to remember, at least 1 */
  constructor(max: number) {
    this.#keys = new LRUCache({ max });
  }

  get(id: TokenBindingID): KnownKey | undefined {
    const known = this.#keys.get(placeOf(id.bytes));
    return known !== undefined && isEqual(known.id, id.bytes) ? known : undefined;
  }

  /** Remembers a key that has verified a signature. */
  add(id: TokenBindingID, keyParameters: KeyParameters, publicKey: TokenBindingPublicKeyHandle): KnownKey {
    const bytes = Uint8Array.from(id.bytes);
    const known = { id: bytes, identity: providedIdentity(bytes, keyParameters), publicKey };
    this.#keys.set(placeOf(bytes), known);
    return known;
  }
}

/**
 * Where a key is looked for: 30 bits out of its middle, enough to keep some thousand keys apart, and much quicker to
 * find than the whole ID. Keys that share a place, by accident or because someone searched for such a key, take
 * turns in it: that costs an import, never a mistake, because the whole ID is compared.
 */
function placeOf(id: Uint8Array): number {
  return (id[8]! | (id[9]! << 8) | (id[10]! << 16) | (id[11]! << 24)) >> 2;
}

function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
