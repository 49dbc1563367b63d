import { keyParametersName, TokenBindingError, type TokenBindingID } from "@tokbind/codec";
import { importPublicKey, tokenBindingHash, type TokenBindingPublicKeyHandle } from "@tokbind/crypto";
import { LRUCache } from "lru-cache";
import type { ProvidedTokenBinding } from "./verified-token-bindings.ts";

/** A Token Binding ID whose key has been checked and is ready to verify with. */
export interface KnownKey {
  /** Made once and shared; the ID in it is a copy, so what came with the message need not outlive it. */
  readonly identity: ProvidedTokenBinding;
  readonly publicKey: TokenBindingPublicKeyHandle;
}

/** Remembers the keys of clients seen lately, because importing a key costs as much as using it. */
export class KnownKeys {
  readonly #keys: LRUCache<number, KnownKey>;

  /** @param max - number of keys to remember */
  constructor(max: number) {
    this.#keys = new LRUCache({ max });
  }

  /**
   * The key of an ID with registered key parameters.
   *
   * @throws TokenBindingError `key_invalid`; a key that is refused is not remembered
   */
  get(id: TokenBindingID): KnownKey {
    const place = placeOf(id.bytes);
    const known = this.#keys.get(place);
    if (known !== undefined && Buffer.compare(known.identity.id, id.bytes) === 0) return known;
    const keyParameters = keyParametersName(id.keyParameters);
    if (keyParameters === undefined) {
      throw new TokenBindingError("key_invalid", `key parameters ${id.keyParameters} are not registered`);
    }
    const identity = Object.freeze({
      id: Uint8Array.from(id.bytes),
      tbh: tokenBindingHash(id.bytes),
      keyParameters,
    });
    const key = { identity, publicKey: importPublicKey(id) };
    this.#keys.set(place, key);
    return key;
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
