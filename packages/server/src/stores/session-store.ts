/** A session as a store keeps it. */
export interface StoredSession {
  /** JSON text, of some hundred characters as a rule. */
  readonly data: string;
  /** When it ends, in seconds since 1970. */
  readonly expires: number;
  /** A hash of whose session it is, 43 characters; sessions of one subject can be deleted together. */
  readonly subject?: string | undefined;
}

/**
 * Where sessions are kept. All methods are atomic: a session that was deleted never comes back, whatever else happens at
 * the same time. What can't be done is rejected with TokenBindingError `session_store`, never answered with a guess.
 */
export interface SessionStore {
  /** @param id - 43 characters, random */
  create(id: string, session: StoredSession): Promise<void>;
  /** @returns undefined for a session that never was, has expired or was deleted */
  read(id: string): Promise<StoredSession | undefined>;
  /**
   * Makes a session that is still there end later; it never makes it end earlier.
   *
   * @param expires - in seconds since 1970
   * @returns false when the session is not there any more
   */
  extend(id: string, expires: number): Promise<boolean>;
  /** Does nothing when the session is not there. */
  delete(id: string): Promise<void>;
  /** Deletes all sessions of a subject that were created before. */
  deleteAll(subject: string): Promise<void>;
}
