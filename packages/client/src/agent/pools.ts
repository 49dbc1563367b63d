import type { Agent, Pool } from "undici";
import type { OriginPool } from "./origin-pool.ts";

type AnyPool = OriginPool | Pool;

/** The pools that undici's Agent has and shows nobody. */
export class Pools {
  readonly #pools = new Map<AnyPool, string>();

  /** @param origin - what requests of this pool are for */
  add(origin: URL, pool: AnyPool): AnyPool {
    this.#forgetClosed();
    this.#pools.set(pool, origin.origin);
    return pool;
  }

  /** Of each origin; one has several pools when several of its addresses are used, or when some of its requests are anonymous. */
  get stats(): Agent["stats"] {
    this.#forgetClosed();
    const all: Record<string, Pool.PoolStats> = {};
    for (const [pool, origin] of this.#pools) {
      const { connected, free, pending, queued, running, size } = pool.stats;
      const sum = (all[origin] ??= { connected: 0, free: 0, pending: 0, queued: 0, running: 0, size: 0 });
      sum.connected += connected;
      sum.free += free;
      sum.pending += pending;
      sum.queued += queued;
      sum.running += running;
      sum.size += size;
    }
    return all;
  }

  #forgetClosed(): void {
    for (const pool of this.#pools.keys()) if (pool.closed || pool.destroyed) this.#pools.delete(pool);
  }
}
