import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { collectGarbage } from "@tokbind/testing";
import { temporaryDirectory } from "@tokbind/testing/vitest";
import { request } from "undici";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { MemoryKeyStore, TokenBindingAgent } from "../src/index.ts";
import { get as getText, makeAgent, storeOf, toLoopback } from "./support/agents.ts";
import { serve } from "./support/origin.ts";

// An agent without a key store is the private mode: A-26.

const script = fileURLToPath(new URL("support/request-privately.js", import.meta.url));
const certificate = fileURLToPath(new URL("../../testing/certificate/cert.pem", import.meta.url));
const hasStrace = spawnSync("strace", ["-f", "true"], { stdio: "ignore" }).status === 0;

describe("an agent without a key store", () => {
  test("has keys of its own, which no other agent ever has [A-26] [TBP-7.3-02] [TBH-8.2-02]", async () => {
    const origin = await serve();
    const keyStore = new MemoryKeyStore();
    await getText(makeAgent({ keyStore }), origin.url);
    for (let i = 0; i < 2; i++) {
      const agent = new TokenBindingAgent({ connect: { rejectUnauthorized: false } });
      await getText(agent, origin.url);
      await getText(agent, origin.url);
      await agent.close();
    }
    const ids = origin.seen.map(({ id }) => id);
    expect(ids[1]).toBe(ids[2]);
    expect(ids[3]).toBe(ids[4]);
    expect(new Set(ids).size).toBe(3);
    // Sessions of TLS would link them as well.
    expect(origin.seen.map(({ resumed }) => resumed)).not.toContain(true);
  });

  test("and what becomes of them is forgotten with it [A-26] [TBH-8.2-02]", async () => {
    const origin = await serve();
    let made = 0;
    let forgotten = 0;
    const registry = new FinalizationRegistry(() => forgotten++);
    // A spy would keep what it has seen.
    const get = Object.getOwnPropertyDescriptor(MemoryKeyStore.prototype, "get")!;
    Object.defineProperty(MemoryKeyStore.prototype, "get", {
      ...get,
      value: async function (this: MemoryKeyStore, ...args: Parameters<MemoryKeyStore["get"]>) {
        const key = await (get.value as MemoryKeyStore["get"]).apply(this, args);
        made++;
        registry.register(key, undefined);
        return key;
      },
    });
    onTestFinished(() => {
      Object.defineProperty(MemoryKeyStore.prototype, "get", get);
    });
    await (async () => {
      const agent = new TokenBindingAgent({ connect: { rejectUnauthorized: false } });
      await getText(agent, origin.url);
      expect([made, forgotten]).toEqual([1, 0]);
      await agent.destroy();
    })();
    await collectGarbage(() => forgotten === 1, 10_000);
    expect(forgotten).toBe(1);
  });

  test.skipIf(!hasStrace)("writes nothing to disk [A-26] [TBH-8.2-02]", async () => {
    const origin = await serve();
    const [cwd, logs] = [await temporaryDirectory(), await temporaryDirectory()];
    const log = join(logs, "trace");
    const calls = "trace=openat,open,creat,mkdir,mkdirat,link,linkat,rename,renameat,renameat2,symlink";
    const args = ["-f", "-e", calls, "-o", log, process.execPath, script, origin.url, certificate];
    const env = { ...process.env, HOME: cwd, TMPDIR: cwd };
    const child = spawn("strace", args, { cwd, env, stdio: "ignore" });
    expect(await once(child, "close")).toEqual([0, null]);
    expect(origin.seen[0]!.id).toBeDefined();
    expect(await readdir(cwd)).toEqual([]);
    const written = (await readFile(log, "utf8"))
      .split("\n")
      .filter((line) => /O_WRONLY|O_RDWR|O_CREAT|mkdir|link\(|rename/.test(line));
    // What is no file of a disk: terminals, pipes and the like.
    expect(written.filter((line) => !line.includes('"/dev/') && !line.includes('"/proc/'))).toEqual([]);
  });
});

test.each([false, true])("a key store that hangs costs its request only, allowH2: %j", async (allowH2) => {
  const origin = await serve({ http2: allowH2 });
  const good = new MemoryKeyStore();
  const hung: string[] = [];
  const keyStore = storeOf((scope, type) => {
    if (hung.includes(scope)) return good.get(scope, type);
    hung.push(scope);
    return new Promise(() => undefined);
  });
  const agent = makeAgent({ keyStore, allowH2, connect: { lookup: toLoopback, rejectUnauthorized: false } });
  for (const url of [origin.url, `https://hangs.example:${origin.port}/`]) {
    request(url, { dispatcher: agent }).catch(() => undefined);
  }
  await vi.waitFor(() => {
    expect(hung).toHaveLength(2);
  });
  for (let i = 0; i < 3; i++) await getText(agent, origin.url);
  expect(origin.seen).toHaveLength(3);
});

test("two servers that are known to be one can share a key, by the scope function [TBH-8.1-02] [TBH-2.1-06]", async () => {
  const origin = await serve();
  const agent = makeAgent({
    scope: ({ hostname }) => (/^(one|two)\.example$/.test(hostname) ? "group" : hostname),
    connect: { lookup: toLoopback, rejectUnauthorized: false },
  });
  for (const host of ["one.example", "two.example", "three.example"])
    await getText(agent, `https://${host}:${origin.port}/`);
  const [one, two, three] = origin.seen.map(({ id }) => id);
  expect(one).toBeDefined();
  expect(two).toBe(one);
  expect(three).not.toBe(one);
});
