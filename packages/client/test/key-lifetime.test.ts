import { readdir, stat, utimes } from "node:fs/promises";
import { join } from "node:path";
import { encodeBase64url } from "@tokbind/codec";
import { temporaryDirectory } from "@tokbind/testing/vitest";
import { afterEach, describe, expect, test, vi } from "vitest";
import { type CreationTimes, FileKeyStore, MemoryKeyStore, type TokenBindingKeyStore } from "../src/index.ts";
import { failure, get, makeAgent } from "./support/agents.ts";
import { serve } from "./support/origin.ts";

const hour = 3_600_000;

type Store = TokenBindingKeyStore & { clear(times?: CreationTimes): Promise<void> };

interface Ageing {
  readonly open: (options?: { maxAge?: number }) => Store;
  /** Makes every key that there is this much older (milliseconds). */
  readonly age: (milliseconds: number) => Promise<void>;
}

const kinds: [string, () => Promise<Ageing>][] = [
  [
    "MemoryKeyStore",
    // eslint-disable-next-line @typescript-eslint/require-await -- as the other
    async () => {
      vi.useFakeTimers({ toFake: ["Date"] });
      return {
        open: (options) => new MemoryKeyStore(options),
        age: (milliseconds) => {
          vi.setSystemTime(Date.now() + milliseconds);
          return Promise.resolve();
        },
      };
    },
  ],
  [
    "FileKeyStore",
    async () => {
      const directory = join(await temporaryDirectory(), "keys");
      return {
        open: (options) => new FileKeyStore({ directory, ...options }),
        age: async (milliseconds) => {
          for (const name of await readdir(directory)) {
            const file = join(directory, name);
            const made = new Date((await stat(file)).mtimeMs - milliseconds);
            await utimes(file, made, made);
          }
        },
      };
    },
  ],
];

afterEach(() => {
  vi.useRealTimers();
});

const idOf = async (store: Store, scope = "example.com") =>
  encodeBase64url((await store.get(scope, "ecdsap256")).id.bytes);

describe.each(kinds)("%s", (_name, make) => {
  test("a key that is older than maxAge is replaced, and not before [A-52] [TBH-8.2-03]", async () => {
    const { open, age } = await make();
    const store = open({ maxAge: 3600 });
    const id = await idOf(store);
    await age(hour / 2);
    expect(await idOf(store)).toBe(id);
    await age(hour / 2 + 1000);
    const renewed = await idOf(store);
    expect(renewed).not.toBe(id);
    expect(await idOf(store)).toBe(renewed);
  });

  test("without maxAge keys do not expire [A-52]", async () => {
    const { open, age } = await make();
    const store = open();
    const id = await idOf(store);
    await age(1_000_000 * hour);
    expect(await idOf(store)).toBe(id);
  });

  test("clear by time: the last hour, or all before it [A-52] [TBH-8.2-03]", async () => {
    const { open, age } = await make();
    const store = open();
    const old = await idOf(store, "old.example");
    await age(2 * hour);
    const young = await idOf(store, "young.example");
    const since = new Date(Date.now() - hour);
    await store.clear({ since });
    expect(await idOf(store, "old.example")).toBe(old);
    const younger = await idOf(store, "young.example");
    expect(younger).not.toBe(young);
    await store.clear({ before: since });
    expect(await idOf(store, "old.example")).not.toBe(old);
    expect(await idOf(store, "young.example")).toBe(younger);
  });

  test("clear between two times", async () => {
    const { open, age } = await make();
    const store = open();
    const ids = [await idOf(store, "one.example")];
    await age(hour);
    ids.push(await idOf(store, "two.example"));
    await age(hour);
    ids.push(await idOf(store, "three.example"));
    const now = Date.now();
    await store.clear({ since: new Date(now - 1.5 * hour), before: new Date(now - hour / 2) });
    const left = [
      await idOf(store, "one.example"),
      await idOf(store, "two.example"),
      await idOf(store, "three.example"),
    ];
    expect(left.map((id, i) => id === ids[i])).toEqual([true, false, true]);
  });

  test.each([
    { since: new Date(NaN) },
    { since: 5 },
    { before: "yesterday" },
    { until: new Date() },
    { since: new Date(2), before: new Date(1) },
    null,
    "x",
  ])("times %j are refused, and nothing is cleared", async (times) => {
    const { open } = await make();
    const store = open();
    const id = await idOf(store);
    expect(await failure(store.clear(times as CreationTimes))).toMatchObject({ code: "invalid_argument" });
    expect(await idOf(store)).toBe(id);
  });

  test.each([{ maxAge: 0 }, { maxAge: 1.5 }, { maxAge: "1" }, { maxage: 5 }])(
    "options %j are refused",
    async (options) => {
      const { open } = await make();
      expect(() => open(options as object)).toThrow(
        expect.objectContaining({ code: "invalid_argument" }) as Error,
      );
    },
  );

  test("a connection that is open proves the new key from then on", async () => {
    const { open, age } = await make();
    const origin = await serve();
    const agent = makeAgent({ keyStore: open({ maxAge: 3600 }) });
    for (const milliseconds of [hour / 2, hour, 0]) {
      await get(agent, origin.url);
      await get(agent, origin.url);
      await age(milliseconds);
    }
    expect(origin.connections()).toBe(1);
    const ids = origin.seen.map(({ id }) => id);
    expect(new Set(ids.slice(0, 4)).size).toBe(1);
    expect(ids[4]).toBeDefined();
    expect(ids[4]).not.toBe(ids[3]);
    expect(ids[5]).toBe(ids[4]);
  });
});

test("stores that find the same old key end with one new key", async () => {
  const directory = join(await temporaryDirectory(), "keys");
  const stores = Array.from({ length: 8 }, () => new FileKeyStore({ directory, maxAge: 50 }));
  for (let round = 0; round < 10; round++) {
    const id = await idOf(stores[0]!);
    const [name] = await readdir(directory);
    const old = new Date(Date.now() - 100_000);
    await utimes(join(directory, name!), old, old);
    const ids = new Set(await Promise.all(stores.map((store) => idOf(store))));
    expect(ids.size).toBe(1);
    expect(ids.has(id)).toBe(false);
    expect(await readdir(directory)).toHaveLength(1);
  }
});

test("a key that has expired is not listed", async () => {
  const directory = join(await temporaryDirectory(), "keys");
  const store = new FileKeyStore({ directory, maxAge: 50 });
  await idOf(store);
  expect((await store.list()).map(({ scope }) => scope)).toEqual(["example.com"]);
  const [name] = await readdir(directory);
  await utimes(join(directory, name!), new Date(0), new Date(0));
  expect(await store.list()).toEqual([]);
  expect((await new FileKeyStore({ directory }).list())[0]!.created).toEqual(new Date(0));
});
