import { expect, onTestFinished, test, vi } from "vitest";
import { MemoryStore } from "../../src/index.ts";
import { failing } from "../support/proofs.ts";

function startClock() {
  vi.useFakeTimers({ toFake: ["Date"], now: 1_800_000_000_000 });
  onTestFinished(() => {
    vi.useRealTimers();
  });
  return { now: 1_800_000_000, pass: (seconds: number) => vi.setSystemTime(Date.now() + seconds * 1000) };
}

test("sessions are kept until they expire", async () => {
  const { now, pass } = startClock();
  const store = new MemoryStore();
  await store.create("a", { data: "x", expires: now + 10, subject: "s" });
  expect(await store.read("a")).toEqual({ data: "x", expires: now + 10, subject: "s" });
  expect(await store.extend("a", now + 20)).toBe(true);
  // Two nodes that renew at the same time: the earlier end does not win.
  expect(await store.extend("a", now + 15)).toBe(true);
  pass(19);
  expect(await store.read("a")).toEqual({ data: "x", expires: now + 20, subject: "s" });
  pass(1);
  expect(await store.read("a")).toBeUndefined();
  expect(await store.extend("a", now + 90)).toBe(false);
  expect(await store.read("a")).toBeUndefined();
});

test("sessions that were deleted do not come back", async () => {
  const { now } = startClock();
  const store = new MemoryStore();
  for (const id of ["a", "b", "c"]) {
    await store.create(id, { data: id, expires: now + 10, subject: id === "c" ? undefined : "s" });
  }
  await store.delete("a");
  expect(await store.extend("a", now + 20)).toBe(false);
  await store.deleteAll("s");
  expect([await store.read("a"), await store.read("b")]).toEqual([undefined, undefined]);
  expect(await store.read("c")).toBeDefined();
  await store.delete("a");
  await store.deleteAll("nobody");
});

test("a full store refuses new sessions and keeps the old, until some expire", async () => {
  const { now, pass } = startClock();
  const store = new MemoryStore({ maxSessions: 3 });
  const create = (id: string, seconds: number) =>
    store.create(id, { data: id, expires: now + seconds, subject: "s" });
  await create("long", 100);
  await create("short", 10);
  await create("middle", 50);
  await expect(create("more", 50)).rejects.toThrow(failing("session_store"));
  expect(await store.read("more")).toBeUndefined();
  pass(10);
  // Behind one that lives on.
  await create("more", 50);
  await expect(create("still more", 50)).rejects.toThrow(failing("session_store"));
  await store.delete("long");
  await create("still more", 50);
  await store.deleteAll("s");
  for (const id of ["1", "2", "3"]) await create(id, 50);
});

test("what has expired takes no memory once something new comes", async () => {
  const { now, pass } = startClock();
  const store = new MemoryStore({ maxSessions: 2 });
  for (let i = 0; i < 1000; i++) {
    await store.create(String(i), { data: "", expires: now + i + 1, subject: `s${i}` });
    pass(1);
  }
});

test.each([{ maxSessions: 0 }, { maxSessions: NaN }, { maxSessions: "9" }, { max: 9 }, null])(
  "impossible options are refused at once: %o",
  (options) => {
    expect(() => new MemoryStore(options as object)).toThrow(failing("invalid_argument"));
  },
);
