/**
 * A client of Redis or Valkey that is yours: made, connected and closed by you. `createClient` of `redis` 5 and 6 and
 * `Redis` of `ioredis` 5 and 6 are such.
 */
export type RedisClient = NodeRedis | IORedis;

/** What is used of the package `redis`. */
export interface NodeRedis {
  sendCommand(command: string[]): Promise<unknown>;
  on(event: "error", listener: (error: Error) => void): unknown;
}

/** What is used of the package `ioredis`. */
export interface IORedis {
  call(command: string, ...parameters: string[]): Promise<unknown>;
  on(event: "error", listener: (error: Error) => void): unknown;
}

/** Sends one command, by the means of either package. */
export function send(client: RedisClient, command: string[]): Promise<unknown> {
  const [name = "", ...parameters] = command;
  return "call" in client ? client.call(name, ...parameters) : client.sendCommand(command);
}
