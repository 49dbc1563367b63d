export { type IORedis, type NodeRedis, type RedisClient } from "./redis-client.ts";
export { RedisStore, type RedisStoreOptions } from "./redis-store.ts";
