import type { KeyParameters } from "@tokbind/codec";
import type { TokenBindingKey } from "@tokbind/crypto";

// One key per scope and key parameters: A-36.
/**
 * Keeps one key per scope and key parameters, made when it is first asked for. Implement it to keep keys in hardware,
 * or to share one key between servers that are known to be one (RFC 8473 section 8.1).
 *
 * What a method throws fails the request with `key_store` and comes as its `cause`; a TokenBindingError stays as it is.
 */
export interface TokenBindingKeyStore {
  /**
   * The types of keys that it can keep, most preferred first: what an agent offers unless told otherwise. Without it:
   * all.
   */
  readonly keyParameters?: readonly KeyParameters[] | undefined;
  /**
   * The key of an entry, made now if there is none. Calls at the same time get the same key, and later calls the
   * same object for as long as the key stays, so that callers can remember what they signed with it.
   *
   * @param scope - what {@link scopeOf} or the agent's own scope function returned; any string
   */
  get(scope: string, keyParameters: KeyParameters): Promise<TokenBindingKey>;
  /** Forgets all keys of a scope, as one clears the cookies of a site (RFC 8471 section 7.3). */
  delete(scope: string): Promise<void>;
  /** Forgets all keys. */
  clear(): Promise<void>;
}
