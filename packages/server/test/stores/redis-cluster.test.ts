import { Cluster as Cluster5 } from "ioredis";
import { Cluster as Cluster6 } from "ioredis6";
import { createCluster as createCluster5 } from "redis";
import { createCluster as createCluster6 } from "redis6";
import { describe, expect, onTestFinished, test } from "vitest";
import { type RedisClient, RedisStore } from "../../src/stores/redis.ts";
import { hasRedis, startCluster } from "../support/redis.ts";

const clients: [name: string, connect: (port: number) => Promise<RedisClient>][] = [
  ["redis 5", (port) => connectNode(createCluster5({ rootNodes: [{ url: `redis://127.0.0.1:${port}` }] }))],
  ["redis 6", (port) => connectNode(createCluster6({ rootNodes: [{ url: `redis://127.0.0.1:${port}` }] }))],
  ["ioredis 5", (port) => Promise.resolve(stopped(new Cluster5([{ host: "127.0.0.1", port }])))],
  ["ioredis 6", (port) => Promise.resolve(stopped(new Cluster6([{ host: "127.0.0.1", port }])))],
];

async function connectNode<Client extends { connect(): Promise<unknown>; destroy(): void }>(client: Client) {
  await client.connect();
  onTestFinished(() => {
    client.destroy();
  });
  return client;
}

function stopped<Client extends { disconnect(): void }>(client: Client): Client {
  onTestFinished(() => {
    client.disconnect();
  });
  return client;
}

describe.skipIf(!hasRedis).each(clients)("a cluster, with %s", (_, connect) => {
  const session = { data: "{}", expires: Math.floor(Date.now() / 1000) + 600, subject: "s" };

  test("sessions are kept, renewed and deleted when their keys have a hash tag", async () => {
    const client = await connect(await startCluster());
    const store = new RedisStore({ client, prefix: "{tokbind}:", timeout: 20_000 });
    await store.create("a", session);
    await store.create("b", session);
    expect(await store.read("a")).toEqual(session);
    expect(await store.extend("a", session.expires + 60)).toBe(true);
    await store.delete("a");
    expect(await store.read("a")).toBeUndefined();
    await store.deleteAll("s");
    expect(await store.read("b")).toBeUndefined();
  });

  test("without one, nothing is issued", async () => {
    const client = await connect(await startCluster());
    const store = new RedisStore({ client, timeout: 20_000 });
    await expect(store.create("a", session)).rejects.toMatchObject({ code: "session_store" });
  });
});
