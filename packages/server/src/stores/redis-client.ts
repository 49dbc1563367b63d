/**
 * A client of Redis or Valkey that is yours: made, connected and closed by you. `createClient` and
 * `createCluster` of `redis` 5.10 and 6, `Redis` and `Cluster` of `ioredis` 5 and 6 are such.
 */
export type RedisClient = NodeRedis | NodeRedisCluster | IORedis;

/** What is used of the package `redis`. */
export interface NodeRedis {
  sendCommand(command: string[]): Promise<unknown>;
  on(event: "error", listener: (error: Error) => void): unknown;
}

/** What is used of a cluster of the package `redis`, which finds the node by the first key. */
export interface NodeRedisCluster {
  sendCommand(firstKey: string, isReadonly: boolean, command: string[]): Promise<unknown>;
  readonly masters: readonly unknown[];
  on(event: "error", listener: (error: Error) => void): unknown;
}

/** What is used of the package `ioredis`. */
export interface IORedis {
  call(command: string, ...parameters: string[]): Promise<unknown>;
  on(event: "error", listener: (error: Error) => void): unknown;
}

/**
 * Sends one command, by the means of either package.
 *
 * @param key - the first of the command's keys
 */
export function send(client: RedisClient, key: string, command: string[]): Promise<unknown> {
  const [name = "", ...parameters] = command;
  if ("call" in client) return client.call(name, ...parameters);
  // Not as a reading one: a replica may answer that, which does not know the latest yet.
  return "masters" in client ? client.sendCommand(key, false, command) : client.sendCommand(command);
}
