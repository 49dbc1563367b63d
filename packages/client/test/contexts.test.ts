import { AsyncLocalStorage } from "node:async_hooks";
import { request } from "undici";
import { expect, test } from "vitest";
import { MemoryKeyStore } from "../src/index.ts";
import { makeAgent, storeOf, toLoopback } from "./support/agents.ts";
import { serve } from "./support/origin.ts";

test.each([
  { connections: 1 },
  { allowH2: true, maxConcurrentStreams: 1 },
  { connections: 3 },
  { pipelining: 2 },
])(
  "%j: key store, observe and lookup run in the asynchronous context of their own request",
  async (options) => {
    const storage = new AsyncLocalStorage<string>();
    const origin = await serve({ http2: options.allowH2 ?? false });
    const keys = new MemoryKeyStore();
    const asked: unknown[] = [];
    const observed: [string, unknown][] = [];
    const connected: unknown[] = [];
    const agent = makeAgent({
      ...options,
      keyStore: storeOf(async (...args) => {
        asked.push(storage.getStore());
        await new Promise(setImmediate);
        return keys.get(...args);
      }),
      observe: ({ url }) => observed.push([url, storage.getStore()]),
      connect: {
        lookup: (...args) => {
          connected.push(storage.getStore());
          toLoopback(...args);
        },
      },
    });
    const names = ["a", "b", "c", "d", "e", "f"];
    const send = (name: string) =>
      storage.run(name, async () => {
        const { body } = await request(`${origin.url}/${name}`, { dispatcher: agent, blocking: false });
        expect(storage.getStore()).toBe(name);
        await body.dump();
      });
    await Promise.all(names.map(send));
    expect(asked.sort()).toEqual(names);
    expect(observed.sort()).toEqual(names.map((name) => [`${origin.url}/${name}`, name]));
    for (const name of connected) expect(names).toContain(name);
  },
);

test("and so does a request that comes back from a connection that was lost", async () => {
  const storage = new AsyncLocalStorage<string>();
  const origin = await serve({
    answer: (incoming, response) => {
      if (origin.seen.length < 3) incoming.socket.destroy();
      else response.end();
    },
  });
  const observed: unknown[] = [];
  const agent = makeAgent({ connections: 1, observe: () => observed.push(storage.getStore()) });
  const { body } = await storage.run("mine", () => request(origin.url, { dispatcher: agent }));
  await body.dump();
  expect(observed).toEqual(["mine", "mine", "mine"]);
});
