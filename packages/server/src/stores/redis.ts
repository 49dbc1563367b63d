export type { IORedis, NodeRedis, NodeRedisCluster, RedisClient } from "./redis-client.ts";
export { RedisStore, type RedisStoreOptions } from "./redis-store.ts";
export type { SessionStore, StoredSession } from "./session-store.ts";
