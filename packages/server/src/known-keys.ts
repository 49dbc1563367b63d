import {
  keyParametersName,
  TokenBindingError,
  type KeyParameters,
  type TokenBindingID,
} from "@tokbind/codec";
import { importPublicKey, tokenBindingHash, type TokenBindingPublicKeyHandle } from "@tokbind/crypto";
import { LRUCache } from "lru-cache";

/** A Token Binding ID whose key has been checked and is ready to verify with. */
export interface KnownKey {
  /** A copy of the ID: what came with the message need not outlive it. */
  readonly id: Uint8Array;
  readonly keyParameters: KeyParameters;
  readonly publicKey: TokenBindingPublicKeyHandle;
  /** base64url of the SHA-256 of the ID, 43 characters. */
  readonly tbh: string;
}

/** Remembers the keys of clients seen lately, because importing a key costs as much as using it. */
export class KnownKeys {
  readonly #keys: LRUCache<string, KnownKey>;

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
    // Latin-1 maps each byte to one character, so equal strings mean equal IDs.
    const bytes = Buffer.from(id.bytes.buffer, id.bytes.byteOffset, id.bytes.byteLength);
    const name = bytes.toString("latin1");
    const known = this.#keys.get(name);
    if (known !== undefined) return known;
    const keyParameters = keyParametersName(id.keyParameters);
    if (keyParameters === undefined) {
      throw new TokenBindingError("key_invalid", `key parameters ${id.keyParameters} are not registered`);
    }
    const key = {
      id: Uint8Array.from(id.bytes),
      keyParameters,
      publicKey: importPublicKey(id),
      tbh: tokenBindingHash(id.bytes),
    };
    this.#keys.set(name, key);
    return key;
  }
}
