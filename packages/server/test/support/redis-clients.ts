import { Redis as Redis5 } from "ioredis";
import { Redis as Redis6 } from "ioredis6";
import { createClient as createClient5 } from "redis";
import { createClient as createClient6 } from "redis6";
import { onTestFinished } from "vitest";
import type { RedisClient } from "../../src/stores/redis.ts";

/** The packages that people use, with their own settings. */
export const clients: [name: string, connect: (path: string) => Promise<RedisClient>][] = [
  [
    "redis 5",
    async (path) => {
      const client = createClient5({ socket: { path, tls: false } });
      onTestFinished(() => {
        client.destroy();
      });
      return client.connect();
    },
  ],
  [
    "redis 6",
    async (path) => {
      const client = createClient6({ socket: { path, tls: false } });
      onTestFinished(() => {
        client.destroy();
      });
      return client.connect();
    },
  ],
  [
    "ioredis 5",
    (path) => {
      const client = new Redis5(path);
      onTestFinished(() => {
        client.disconnect();
      });
      return Promise.resolve(client);
    },
  ],
  [
    "ioredis 6 with a prefix of its own",
    (path) => {
      const client = new Redis6(path, { keyPrefix: "app:" });
      onTestFinished(() => {
        client.disconnect();
      });
      return Promise.resolve(client);
    },
  ],
];
