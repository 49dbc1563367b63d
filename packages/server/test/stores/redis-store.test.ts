import { describe, expect, test } from "vitest";
import { TokenBindingError } from "../../src/index.ts";
import { RedisStore, type RedisStoreOptions } from "../../src/stores/redis.ts";
import { failing } from "../support/proofs.ts";
import { hasRedis, TestRedis } from "../support/redis.ts";
import { clients } from "../support/redis-clients.ts";

const inSeconds = (seconds: number) => Math.floor(Date.now() / 1000) + seconds;
const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

describe.skipIf(!hasRedis).each(clients)("with %s", (_name, connect) => {
  async function start(options: { timeout?: number } = { timeout: 20_000 }) {
    const redis = await TestRedis.start();
    const client = await connect(redis.path);
    return { redis, client, store: new RedisStore({ client, ...options }) };
  }

  test("sessions are kept, renewed and deleted", async () => {
    const { store } = await start();
    const session = { data: '{"a":"é:\\n:"}', expires: inSeconds(60), subject: "s" };
    expect(await store.read("a")).toBeUndefined();
    await store.create("a", session);
    expect(await store.read("a")).toEqual(session);
    const expires = inSeconds(90);
    expect(await store.extend("a", expires)).toBe(true);
    // Two nodes that renew at the same time: the earlier end does not win.
    expect(await store.extend("a", inSeconds(70))).toBe(true);
    expect(await store.read("a")).toEqual({ ...session, expires });
    await store.delete("a");
    expect(await store.read("a")).toBeUndefined();
    expect(await store.extend("a", expires)).toBe(false);
    await store.delete("a");
    expect(await store.read("a")).toBeUndefined();
  });

  test("sessions of a subject are deleted together, and no trace stays", async () => {
    const { redis, store } = await start();
    const keep = async (id: string, subject?: string) => {
      await store.create(id, { data: id, expires: inSeconds(60), subject });
    };
    for (const id of ["a", "b", "c"]) await keep(id, "s");
    await keep("d", "t");
    await keep("e");
    await store.extend("b", inSeconds(90));
    await store.delete("c");
    await store.deleteAll("s");
    const left = await Promise.all(["a", "b", "c", "d", "e"].map(async (id) => (await store.read(id))?.data));
    expect(left).toEqual([undefined, undefined, undefined, "d", "e"]);
    await keep("f", "s");
    expect(await store.read("f")).toBeDefined();
    await store.deleteAll("s");
    await store.deleteAll("t");
    await store.delete("e");
    await store.deleteAll("nobody");
    expect(await redis.command("DBSIZE")).toBe(":0\r\n");
  });

  test("sessions expire, in Redis too", async () => {
    const { redis, store } = await start();
    await store.create("a", { data: "a", expires: inSeconds(2), subject: "s" });
    expect(await store.read("a")).toBeDefined();
    await pause(2100);
    expect(await store.read("a")).toBeUndefined();
    expect(await redis.command("DBSIZE")).toBe(":0\r\n");
  });

  test("a revoked session does not come back, however renewals race it", async () => {
    const { redis, store } = await start();
    const other = new RedisStore({ client: await connect(redis.path) });
    for (let round = 0; round < 100; round++) {
      const id = `r${round}`;
      await store.create(id, { data: "x", expires: inSeconds(60), subject: "s" });
      let time = 60;
      const renew = (node: RedisStore) => node.extend(id, inSeconds(++time));
      const racing = [renew(store), renew(other), renew(other)];
      const revoked = round % 2 === 0 ? other.delete(id) : store.deleteAll("s");
      racing.push(renew(store), renew(other));
      await revoked;
      expect(await store.read(id)).toBeUndefined();
      await Promise.all(racing);
      expect([await renew(store), await store.read(id)]).toEqual([false, undefined]);
    }
    await store.deleteAll("s");
    expect(await redis.command("DBSIZE")).toBe(":0\r\n");
  });

  test("of two nodes that renew at the same time none loses what it was told", async () => {
    const { redis, store } = await start();
    const other = new RedisStore({ client: await connect(redis.path) });
    await store.create("a", { data: "x", expires: inSeconds(60) });
    const ends = Array.from({ length: 50 }, (_, i) => inSeconds(100 + ((i * 37) % 50)));
    await Promise.all(ends.map((end, i) => (i % 2 === 0 ? store : other).extend("a", end)));
    expect((await store.read("a"))?.expires).toBe(Math.max(...ends));
  });

  test("while Redis is away every call is refused in time, and works again by itself afterwards", async () => {
    const { redis, store } = await start({ timeout: 2000 });
    await store.create("a", { data: "a", expires: inSeconds(60), subject: "s" });
    await redis.kill();
    const calls = [
      () => store.read("a"),
      () => store.create("b", { data: "b", expires: inSeconds(60), subject: "s" }),
      () => store.extend("a", inSeconds(90)),
      () => store.delete("a"),
      () => store.deleteAll("s"),
    ].map(async (call) => {
      const error: unknown = await call().catch((error: unknown) => error);
      expect(error).toMatchObject({ code: "session_store", status: 503, expose: false });
      expect((error as Error).message).toMatch(/^Redis: /);
      expect(error).not.toHaveProperty("cause");
    });
    await Promise.all(calls);
    await redis.restart();
    const session = { data: "c", expires: inSeconds(60) };
    const isBack = () =>
      store.create("c", session).then(
        () => true,
        () => false,
      );
    while (!(await isBack())) await pause(50);
    expect((await store.read("c"))?.data).toBe("c");
  });

  test("what was given up is not carried out late, when other sessions may have begun", async () => {
    const { redis, client } = await start();
    const patient = new RedisStore({ client, timeout: 20_000 });
    await patient.create("a", { data: "x", expires: inSeconds(60), subject: "s" });
    // The answer to TIME comes, that to EVAL does not.
    await redis.command("CLIENT PAUSE 2000 WRITE");
    const hasty = new RedisStore({ client, timeout: 300 });
    await expect(hasty.deleteAll("s")).rejects.toThrow(failing("session_store"));
    await pause(2100);
    expect(await patient.read("a")).toBeDefined();
    await patient.deleteAll("s");
    expect(await patient.read("a")).toBeUndefined();
  });

  test("a Redis that is slow is one that is away", async () => {
    const { redis, client } = await start();
    const patient = new RedisStore({ client, timeout: 20_000 });
    await patient.create("a", { data: "a", expires: inSeconds(60) });
    await redis.command("CLIENT PAUSE 1500 ALL");
    const hasty = new RedisStore({ client, timeout: 100 });
    await expect(hasty.read("a")).rejects.toThrow("Redis: expected an answer in 100 ms, got none");
    expect((await patient.read("a"))?.data).toBe("a");
  });

  test("a Redis that refuses is one that is away, and its words are passed on without the command", async () => {
    const { redis, store } = await start();
    await redis.command("REPLICAOF 127.0.0.1 1");
    const error: unknown = await store
      .create("a", { data: "secret", expires: inSeconds(60) })
      .catch((error: unknown) => error);
    expect(error).toBeInstanceOf(TokenBindingError);
    expect(error).toMatchObject({
      code: "session_store",
      message: expect.stringContaining("READONLY") as string,
    });
    expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain("secret");
    await redis.command("REPLICAOF NO ONE");
    // With and without the prefix that one of the clients has.
    await redis.command("MSET tokbind:session:x rubbish app:tokbind:session:x rubbish");
    await expect(store.read("x")).rejects.toThrow(failing("session_store"));
  });

  test("prefixes keep applications apart", async () => {
    const { redis, store } = await start();
    const other = new RedisStore({ client: await connect(redis.path), prefix: "{other}:" });
    await store.create("a", { data: "a", expires: inSeconds(60), subject: "s" });
    expect(await other.read("a")).toBeUndefined();
    await other.deleteAll("s");
    await other.delete("a");
    expect((await store.read("a"))?.data).toBe("a");
  });
});

describe("without a connection", () => {
  const client = { call: () => new Promise<unknown>(() => undefined), on: () => undefined };

  test("not more wait than memory has room for", async () => {
    const store = new RedisStore({ client, timeout: 3000 });
    const waiting = Array.from({ length: 10_000 }, () => store.read("a").catch(() => "late"));
    await expect(store.read("a")).rejects.toThrow("Redis: expected at most 10000 commands without an answer");
    expect(new Set(await Promise.all(waiting))).toEqual(new Set(["late"]));
  });

  test.each([
    {},
    { client: {} },
    { client: null },
    { client: { call: true, on: () => undefined } },
    { client: { call: client.call } },
    { client, prefix: 1 },
    { client, timeout: 0 },
    { client, timeout: NaN },
    { client, timeout: 60_001 },
    { client, timeOut: 1 },
  ])("impossible options are refused at once: case %#", (options) => {
    expect(() => new RedisStore(options as RedisStoreOptions)).toThrow(failing("invalid_argument"));
  });
});
