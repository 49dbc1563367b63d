import type { KeyParameters } from "@tokbind/codec";
import { generateKey, type TokenBindingKey } from "@tokbind/crypto";
import type { TokenBindingKeyStore } from "./token-binding-key-store.ts";

/**
 * Keys that live as long as the store and cannot be exported (RFC 8471 section 4.1).
 *
 * @example
 * const keyStore = new MemoryKeyStore();
 * const agent = new TokenBindingAgent({ keyStore });
 * await keyStore.delete("example.com"); // the next request has a new Token Binding ID
 */
export class MemoryKeyStore implements TokenBindingKeyStore {
  readonly #scopes = new Map<string, Map<KeyParameters, Promise<TokenBindingKey>>>();

  get(scope: string, keyParameters: KeyParameters): Promise<TokenBindingKey> {
    let keys = this.#scopes.get(scope);
    if (keys === undefined) {
      keys = new Map();
      this.#scopes.set(scope, keys);
    }
    let key = keys.get(keyParameters);
    if (key === undefined) {
      key = generateKey(keyParameters);
      keys.set(keyParameters, key);
      key.catch(() => keys.delete(keyParameters));
    }
    return key;
  }

  delete(scope: string): Promise<void> {
    this.#scopes.delete(scope);
    return Promise.resolve();
  }

  clear(): Promise<void> {
    this.#scopes.clear();
    return Promise.resolve();
  }
}
