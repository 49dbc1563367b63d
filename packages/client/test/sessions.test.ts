import { randomBytes } from "node:crypto";
import { describe, expect, test } from "vitest";
import { SessionCache } from "../src/agent/session-cache.ts";
import { get, makeAgent, toLoopback } from "./support/agents.ts";
import { type OriginOptions, serve } from "./support/origin.ts";

const closing: OriginOptions["answer"] = (_incoming, response) => {
  response.setHeader("connection", "close").end();
};

describe.each(["TLSv1.2", "TLSv1.3"] as const)("%s: a TLS session", (version) => {
  const tls = { minVersion: version, maxVersion: version, answer: closing };

  test("is offered to its own origin only, though others could take it", async () => {
    const ticketKeys = randomBytes(48);
    const one = await serve({ ...tls, ticketKeys });
    const other = await serve({ ...tls, ticketKeys });
    const agent = makeAgent({ connect: { lookup: toLoopback } });
    const names = ["localhost", "www.example.com", "127.0.0.1"];
    for (const { port } of [one, other]) {
      for (const name of names) await get(agent, `https://${name}:${port}/`);
    }
    expect(one.seen.map(({ resumed }) => resumed)).toEqual([false, false, false]);
    expect(other.seen.map(({ resumed }) => resumed)).toEqual([false, false, false]);

    for (const name of names) await get(agent, `https://${name}:${one.port}/`);
    expect(one.seen.slice(3).map(({ resumed }) => resumed)).toEqual([true, true, true]);
    expect(one.seen.every(({ id }) => id !== undefined)).toBe(true);
  });

  test("is not offered by another agent", async () => {
    const origin = await serve(tls);
    await get(makeAgent(), origin.url);
    await get(makeAgent(), origin.url);
    expect(origin.seen.map(({ resumed }) => resumed)).toEqual([false, false]);
  });
});

describe("the cache", () => {
  const session = (byte: number) => Buffer.of(byte);

  test("keeps the newest session of an origin", () => {
    const cache = new SessionCache(2);
    cache.set("a", session(1));
    cache.set("a", session(2));
    expect(cache.get("a")).toEqual(session(2));
    expect(cache.get("b")).toBeUndefined();
  });

  test("makes room for the origin that was renewed last", () => {
    const cache = new SessionCache(2);
    cache.set("a", session(1));
    cache.set("b", session(2));
    cache.set("a", session(3));
    cache.set("c", session(4));
    expect(["a", "b", "c"].map((origin) => cache.get(origin)?.[0])).toEqual([3, undefined, 4]);
  });

  test("of size 0 keeps none", () => {
    const cache = new SessionCache(0);
    cache.set("a", session(1));
    expect(cache.get("a")).toBeUndefined();
  });
});
