import { Redis as Redis5 } from "ioredis";
import { Redis as Redis6 } from "ioredis6";
import { createClient as createClient5 } from "redis";
import { createClient as createClient6 } from "redis6";
import { onTestFinished } from "vitest";
import type { RedisClient } from "../../src/stores/redis.ts";

/** The packages that people use, with their own settings. */
export const clients: [name: string, connect: (url: string) => Promise<RedisClient>][] = [
  [
    "redis 5",
    async (url) => {
      const client = createClient5({ url });
      onTestFinished(() => {
        client.destroy();
      });
      return client.connect();
    },
  ],
  [
    "redis 6",
    async (url) => {
      const client = createClient6({ url });
      onTestFinished(() => {
        client.destroy();
      });
      return client.connect();
    },
  ],
  [
    "ioredis 5",
    (url) => {
      const client = new Redis5(url);
      onTestFinished(() => {
        client.disconnect();
      });
      return Promise.resolve(client);
    },
  ],
  [
    "ioredis 6 with a prefix of its own",
    (url) => {
      const client = new Redis6(url, { keyPrefix: "app:" });
      onTestFinished(() => {
        client.disconnect();
      });
      return Promise.resolve(client);
    },
  ],
];
