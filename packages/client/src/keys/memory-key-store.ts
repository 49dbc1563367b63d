import type { KeyParameters } from "@tokbind/codec";
import { checkOptions } from "@tokbind/codec/options";
import { generateKey, type TokenBindingKey } from "@tokbind/crypto";
import { type CreationTimes, isExpired, isMaxAge, within } from "./lifetime.ts";
import type { TokenBindingKeyStore } from "./token-binding-key-store.ts";

/** Options of {@link MemoryKeyStore}. */
export interface MemoryKeyStoreOptions {
  /** Seconds after which a key is replaced by a new one. Default: keys do not expire. */
  readonly maxAge?: number | undefined;
}

interface Entry {
  readonly created: number;
  readonly key: Promise<TokenBindingKey>;
}

/**
 * Keys that live as long as the store and cannot be exported (RFC 8471 section 4.1).
 *
 * @example
 * const keyStore = new MemoryKeyStore();
 * const agent = new TokenBindingAgent({ keyStore });
 * await keyStore.delete("example.com"); // the next request has a new Token Binding ID
 */
export class MemoryKeyStore implements TokenBindingKeyStore {
  readonly #maxAge: number | undefined;
  readonly #scopes = new Map<string, Map<KeyParameters, Entry>>();

  /** @throws TokenBindingError `invalid_argument` for unknown options and impossible values */
  constructor(options: MemoryKeyStoreOptions = {}) {
    checkOptions("MemoryKeyStore", options, { maxAge: isMaxAge });
    this.#maxAge = options.maxAge;
  }

  get(scope: string, keyParameters: KeyParameters): Promise<TokenBindingKey> {
    let entries = this.#scopes.get(scope);
    if (entries === undefined) {
      entries = new Map();
      this.#scopes.set(scope, entries);
    }
    const known = entries.get(keyParameters);
    if (known !== undefined && !isExpired(known.created, this.#maxAge)) return known.key;
    const entry = { created: Date.now(), key: generateKey(keyParameters) };
    entries.set(keyParameters, entry);
    entry.key.catch(() => {
      if (entries.get(keyParameters) === entry) entries.delete(keyParameters);
    });
    return entry.key;
  }

  delete(scope: string): Promise<void> {
    this.#scopes.delete(scope);
    return Promise.resolve();
  }

  /**
   * Forgets all keys, or those that were made at some time.
   *
   * @throws TokenBindingError `invalid_argument` for impossible times
   */
  // eslint-disable-next-line @typescript-eslint/require-await -- rejects as FileKeyStore does
  async clear(times?: CreationTimes): Promise<void> {
    const isMeant = within(times);
    for (const [scope, entries] of this.#scopes) {
      for (const [keyParameters, { created }] of entries) {
        if (isMeant(created)) entries.delete(keyParameters);
      }
      if (entries.size === 0) this.#scopes.delete(scope);
    }
  }
}
