import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { get, makeAgent } from "./support/agents.ts";
import { serve } from "./support/origin.ts";

describe("HTTP/2", () => {
  test("a server that says goodbye while requests run: each is answered or fails, none is sent again with an old header", async () => {
    const origin = await serve({
      http2: true,
      answer: (incoming, response) => {
        if (incoming.url === "/20") origin.goAway();
        response.end(incoming.url);
      },
    });
    const agent = makeAgent({ allowH2: true });
    const paths = Array.from({ length: 40 }, (_, i) => `/${i}`);
    const settled = await Promise.allSettled(paths.map((path) => get(agent, origin.url + path)));
    settled.forEach((result, i) => {
      if (result.status === "fulfilled") expect(result.value).toBe(`/${i}`);
    });
    expect(await get(agent, origin.url)).toBe("/");
    expect(origin.seen.every((seen) => seen.id !== undefined)).toBe(true);
    expect(new Set(origin.seen.map((seen) => seen.path)).size).toBe(origin.seen.length);
  });

  test("one connection carries many requests, each with the same header [TBH-2-01] [TBH-2-17] [TBH-2-18]", async () => {
    const origin = await serve({ http2: true });
    const agent = makeAgent({ allowH2: true });
    await Promise.all(Array.from({ length: 150 }, (_, i) => get(agent, `${origin.url}/${i}`)));
    expect(origin.seen).toHaveLength(150);
    expect(origin.connections()).toBe(1);
    expect(new Set(origin.seen.map((seen) => seen.httpVersion))).toEqual(new Set(["2.0"]));
    expect(origin.seen[0]!.id).toBeDefined();
    expect(new Set(origin.seen.map((seen) => seen.fields.join())).size).toBe(1);
  });

  test("requests do not wait for each other's answers", async () => {
    const waiting: (() => void)[] = [];
    const origin = await serve({
      http2: true,
      answer: (incoming, response) => {
        waiting.push(() => response.end(incoming.url));
        if (waiting.length === 20) for (const answer of waiting) answer();
      },
    });
    const agent = makeAgent({ allowH2: true });
    const paths = Array.from({ length: 20 }, (_, i) => `/${i}`);
    expect(await Promise.all(paths.map((path) => get(agent, origin.url + path)))).toEqual(paths);
    expect(origin.connections()).toBe(1);
  });

  test("POST with a body", async () => {
    const origin = await serve({ http2: true });
    const agent = makeAgent({ allowH2: true });
    const post = (body: string) => agent.fetch(origin.url, { method: "POST", body }).then((a) => a.text());
    expect(await Promise.all(["a", "b", "c"].map(post))).toEqual(["a", "b", "c"]);
    expect(origin.connections()).toBe(1);
    expect(origin.seen.every((seen) => seen.id !== undefined)).toBe(true);
  });

  test("a new connection after the server has closed the first", async () => {
    const origin = await serve({ http2: true });
    const agent = makeAgent({ allowH2: true });
    await get(agent, origin.url);
    for (const socket of origin.sockets) socket.destroy();
    await sleep(20);
    await get(agent, origin.url);
    expect(origin.connections()).toBe(2);
    expect(origin.seen.every((seen) => seen.id !== undefined)).toBe(true);
  });

  test("a server without HTTP/2 gets several connections", async () => {
    const origin = await serve();
    const agent = makeAgent({ allowH2: true, connections: 4 });
    await Promise.all(Array.from({ length: 20 }, () => get(agent, origin.url)));
    expect(origin.connections()).toBe(4);
    expect(origin.seen.every((seen) => seen.id !== undefined)).toBe(true);
  });

  test("is not used unless allowed", async () => {
    const origin = await serve({ http2: true });
    await get(makeAgent(), origin.url);
    expect(origin.seen[0]).toMatchObject({ httpVersion: "1.1" });
  });
});
