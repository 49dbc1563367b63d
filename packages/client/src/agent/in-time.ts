/** How long something may take. */
export interface Patience {
  /** Milliseconds; 0: no limit. */
  readonly timeout: number;
  /** The reason when it takes longer. */
  readonly expired: () => Error;
  /** Ends it early. */
  readonly signal?: AbortSignal | undefined;
}

/** Does something that ends when its signal says so: when it takes too long, or when another signal does. */
export async function inTime<T>(
  work: (signal: AbortSignal) => Promise<T>,
  { timeout, expired, signal }: Patience,
): Promise<T> {
  signal?.throwIfAborted();
  const attempt = new AbortController();
  const abort = () => {
    attempt.abort(signal?.reason);
  };
  const expire = () => {
    attempt.abort(expired());
  };
  signal?.addEventListener("abort", abort);
  const timer = timeout === 0 ? undefined : setTimeout(expire, timeout);
  try {
    return await work(attempt.signal);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", abort);
  }
}
