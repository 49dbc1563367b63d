import { TokenBindingError } from "@tokbind/codec";
import { checkOptions, isCount } from "@tokbind/codec/options";
import type { SessionStore, StoredSession } from "./session-store.ts";

/** Options of {@link MemoryStore}. */
export interface MemoryStoreOptions {
  /**
   * Most sessions at a time, about 1 KiB each. Default 100,000. Then new ones are refused with `session_store`: nobody who
   * is logged in is thrown out for them.
   */
  readonly maxSessions?: number | undefined;
}

/**
 * Keeps sessions in the memory of one process: they end with it, and other processes do not see them.
 *
 * @example
 * const session = new BoundSession({ secrets, store: new MemoryStore() });
 */
export class MemoryStore implements SessionStore {
  readonly #maxSessions: number;
  // In the order of creation or renewal: with one lifetime for all, what expires first stands first.
  readonly #sessions = new Map<string, StoredSession>();
  readonly #ids = new Map<string, Set<string>>();

  /** @throws TokenBindingError `invalid_argument` for unknown options and impossible values */
  constructor(options: MemoryStoreOptions = {}) {
    checkOptions("MemoryStore", options, { maxSessions: isCount });
    this.#maxSessions = options.maxSessions ?? 100_000;
  }

  create(id: string, session: StoredSession): Promise<void> {
    this.#dropExpired();
    if (this.#sessions.size >= this.#maxSessions) {
      const message = `MemoryStore: expected ${this.#maxSessions} sessions at most, got one more`;
      return Promise.reject(new TokenBindingError("session_store", message));
    }
    this.#sessions.set(id, { ...session });
    if (session.subject !== undefined) this.#idsOf(session.subject).add(id);
    return Promise.resolve();
  }

  read(id: string): Promise<StoredSession | undefined> {
    return Promise.resolve(this.#get(id));
  }

  extend(id: string, expires: number): Promise<boolean> {
    const session = this.#get(id);
    if (session === undefined) return Promise.resolve(false);
    this.#sessions.delete(id);
    this.#sessions.set(id, { ...session, expires: Math.max(expires, session.expires) });
    return Promise.resolve(true);
  }

  delete(id: string): Promise<void> {
    this.#remove(id);
    return Promise.resolve();
  }

  deleteAll(subject: string): Promise<void> {
    for (const id of this.#ids.get(subject) ?? []) this.#sessions.delete(id);
    this.#ids.delete(subject);
    return Promise.resolve();
  }

  #get(id: string): StoredSession | undefined {
    const session = this.#sessions.get(id);
    if (session === undefined || !isExpired(session)) return session;
    this.#remove(id);
    return undefined;
  }

  #remove(id: string): void {
    const subject = this.#sessions.get(id)?.subject;
    this.#sessions.delete(id);
    if (subject === undefined) return;
    const ids = this.#idsOf(subject);
    ids.delete(id);
    if (ids.size === 0) this.#ids.delete(subject);
  }

  #idsOf(subject: string): Set<string> {
    const known = this.#ids.get(subject);
    if (known !== undefined) return known;
    const ids = new Set<string>();
    this.#ids.set(subject, ids);
    return ids;
  }

  /** As far as the first that has not expired; all of them when it is full. */
  #dropExpired(): void {
    const isFull = this.#sessions.size >= this.#maxSessions;
    for (const [id, session] of this.#sessions) {
      if (isExpired(session)) this.#remove(id);
      else if (!isFull) return;
    }
  }
}

function isExpired({ expires }: StoredSession): boolean {
  return expires * 1000 <= Date.now();
}
