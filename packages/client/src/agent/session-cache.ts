/**
 * TLS sessions to resume, the newest of each origin. Offered to another origin, a session would tell it that this
 * client was there.
 */
export class SessionCache {
  readonly #size: number;
  readonly #sessions = new Map<string, Buffer>();

  /** @param size - most sessions; the one that was not renewed for longest makes room */
  constructor(size: number) {
    this.#size = size;
  }

  get(origin: string): Buffer | undefined {
    return this.#sessions.get(origin);
  }

  set(origin: string, session: Buffer): void {
    this.#sessions.delete(origin);
    this.#sessions.set(origin, session);
    const [oldest] = this.#sessions.keys();
    if (this.#sessions.size > this.#size) this.#sessions.delete(oldest!);
  }
}
