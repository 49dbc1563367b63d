import { setTimeout as sleep } from "node:timers/promises";
import type { KeyParameters } from "@tokbind/codec";
import { request } from "undici";
import { describe, expect, test } from "vitest";
import { MemoryKeyStore } from "../src/index.ts";
import { failure, get, makeAgent, storeOf } from "./support/agents.ts";
import { type OriginOptions, serve } from "./support/origin.ts";

describe("connections", () => {
  test("one that the server closed while idle is replaced", async () => {
    const origin = await serve();
    const agent = makeAgent();
    for (let i = 0; i < 3; i++) {
      await get(agent, origin.url);
      for (const socket of origin.sockets) socket.end();
      // No pause: the next request may well be written before the end is seen.
      await new Promise(setImmediate);
    }
    expect(origin.seen).toHaveLength(3);
    expect(origin.seen.every((seen) => seen.id !== undefined)).toBe(true);
    expect(origin.connections()).toBe(3);
  });

  test("a server that closes idle connections quickly", async () => {
    const origin = await serve({ keepAliveTimeout: 1 });
    const agent = makeAgent({ connections: 2 });
    for (let i = 0; i < 5; i++) {
      await Promise.all([get(agent, origin.url), get(agent, origin.url), get(agent, origin.url)]);
      await sleep(10);
    }
    expect(origin.seen).toHaveLength(15);
    expect(origin.seen.every((seen) => seen.id !== undefined)).toBe(true);
  });

  test("a server that closes after every answer", async () => {
    const answer: OriginOptions["answer"] = (_incoming, response) => {
      response.setHeader("connection", "close");
      response.end();
    };
    const origin = await serve({ answer });
    const agent = makeAgent({ connections: 3 });
    await Promise.all(Array.from({ length: 12 }, () => get(agent, origin.url)));
    expect(origin.connections()).toBe(12);
    expect(origin.seen.every((seen) => seen.id !== undefined)).toBe(true);
  });

  test("idle ones are closed after the keep-alive time", async () => {
    const answer: OriginOptions["answer"] = (_incoming, response) => {
      // undici takes one second off what the server says, and two by default.
      response.setHeader("keep-alive", "timeout=3");
      response.end();
    };
    const origin = await serve({ answer, keepAliveTimeout: 60_000 });
    const agent = makeAgent();
    await get(agent, origin.url);
    expect(origin.sockets.size).toBe(1);
    await expect.poll(() => origin.sockets.size, { timeout: 10_000 }).toBe(0);
  });

  test("one that breaks before its first request fails that request with connection_lost", async () => {
    const origin = await serve();
    const lost: unknown[] = [];
    const key = new MemoryKeyStore();
    const keyStore = storeOf(async (scope: string, keyParameters: KeyParameters) => {
      for (const socket of origin.sockets) socket.destroy();
      await sleep(50);
      return key.get(scope, keyParameters);
    });
    const agent = makeAgent({ keyStore });
    lost.push(await failure(request(origin.url, { dispatcher: agent })));
    expect(lost).toMatchObject([{ code: "connection_lost" }]);
    expect(origin.seen).toHaveLength(0);
  });

  test("a server that cuts connections at random: all requests settle, and what arrives is valid", async () => {
    let count = 0;
    const origin = await serve({
      answer: (incoming, response) => {
        count++;
        if (count % 7 === 0) incoming.socket.destroy();
        else response.end("done", () => count % 5 === 0 && incoming.socket.destroy());
      },
    });
    const agent = makeAgent({ connections: 4 });
    const run = async () => {
      for (let i = 0; i < 25; i++) await get(agent, origin.url).catch(() => undefined);
    };
    await Promise.all(Array.from({ length: 8 }, run));
    expect(origin.seen.length).toBeGreaterThan(100);
    expect(origin.seen.every((seen) => seen.id !== undefined)).toBe(true);
    expect(new Set(origin.seen.map((seen) => seen.fields.join())).size).toBe(origin.connections());
  });

  test("no request waits for a slow one while another connection is free", async () => {
    const origin = await serve({
      answer: (incoming, response) => {
        if (incoming.url !== "/slow") response.end();
      },
    });
    const agent = makeAgent({ connections: 2 });
    const slow = failure(get(agent, `${origin.url}/slow`));
    await expect.poll(() => origin.seen.length).toBe(1);
    for (let i = 0; i < 4; i++) await get(agent, origin.url);
    expect(origin.connections()).toBe(2);
    await agent.destroy();
    await slow;
  });

  test("close waits for requests; destroy does not", async () => {
    const origin = await serve({
      answer: (_incoming, response) => {
        setTimeout(() => response.end("late"), 50);
      },
    });
    const closing = makeAgent({ connections: 1 });
    const answers = [get(closing, origin.url), get(closing, origin.url)];
    await sleep(20);
    await closing.close();
    expect(await Promise.all(answers)).toEqual(["late", "late"]);
    expect(closing.destroyed).toBe(true);
    await expect.poll(() => origin.sockets.size).toBe(0);
    expect(await failure(request(origin.url, { dispatcher: closing }))).toMatchObject({
      code: "UND_ERR_DESTROYED",
    });

    const destroyed = makeAgent({ connections: 1 });
    const requests = [1, 2].map(() => failure(request(origin.url, { dispatcher: destroyed })));
    await sleep(20);
    const connecting = failure(
      request(origin.url.replace("localhost", "127.0.0.1"), { dispatcher: destroyed }),
    );
    await destroyed.destroy(new Error("enough"));
    for (const error of await Promise.all([...requests, connecting])) expect(error.message).toBe("enough");
    await expect.poll(() => origin.sockets.size).toBe(0);
  });
});
