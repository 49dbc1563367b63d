import { fork } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { join } from "node:path";
import { encodeBase64url, type KeyParameters, TokenBindingError } from "@tokbind/codec";
import { importPublicKey, sign, verify } from "@tokbind/crypto";
import { hasSshAgent, TestSshAgent } from "@tokbind/testing/ssh-agent";
import { temporaryDirectory } from "@tokbind/testing/vitest";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { SshAgentKeyStore, type SshAgentKeyStoreOptions, type TokenBindingKeyStore } from "../src/index.ts";
import { failure, get, makeAgent } from "./support/agents.ts";
import { serve } from "./support/origin.ts";

const types = ["ecdsap256", "rsa2048_pkcs1.5"] as const;
const data = new Uint8Array(randomBytes(34));
const idOf = async (store: TokenBindingKeyStore, scope = "example.com", type: KeyParameters = "ecdsap256") =>
  encodeBase64url((await store.get(scope, type)).id.bytes);
const rsa = ["-t", "rsa", "-b", "2048"];

test.each([
  { socket: "" },
  { socket: 5 },
  { create: 1 },
  { maxAge: 0 },
  { maxAge: 2 ** 32 },
  { timeout: 0 },
  { path: "x" },
  "x",
  null,
])("options %j are refused", (options) => {
  expect(() => new SshAgentKeyStore(options as SshAgentKeyStoreOptions)).toThrow(
    expect.objectContaining({ code: "invalid_argument" }) as Error,
  );
});

test("without SSH_AUTH_SOCK and without a socket there is nothing to use", () => {
  vi.stubEnv("SSH_AUTH_SOCK", undefined);
  onTestFinished(() => {
    vi.unstubAllEnvs();
  });
  expect(() => new SshAgentKeyStore()).toThrow(/expected the option socket or .* SSH_AUTH_SOCK, got neither/);
});

describe.skipIf(!hasSshAgent)("with a real agent", () => {
  const open = async (options: SshAgentKeyStoreOptions = {}) => {
    const agent = await TestSshAgent.start();
    return { agent, store: new SshAgentKeyStore({ socket: agent.socket, ...options }) };
  };

  test.each(types)("a %s key that ssh-add brought signs for its scope", async (type) => {
    const { agent, store } = await open({ create: false });
    agent.add("tokbind:example.org", type === "ecdsap256" ? undefined : rsa);
    agent.add("tokbind:example.com", type === "ecdsap256" ? undefined : rsa);
    const key = await store.get("example.com", type);
    expect(key.keyParameters).toBe(type);
    for (let i = 0; i < 20; i++) {
      const signed = new Uint8Array(randomBytes(34));
      expect(verify(importPublicKey(key.id), signed, await sign(key, signed))).toBe(true);
    }
    expect(key).not.toHaveProperty("exportJwk");
    expect(await store.get("example.com", type)).toBe(key);
    expect(await idOf(store, "example.org", type)).not.toBe(encodeBase64url(key.id.bytes));
  });

  test.each(types)("a %s key that is made here is the agent's, and every store's [A-36]", async (type) => {
    const { agent, store } = await open();
    const key = await store.get("example.com", type);
    expect(await sign(key, data)).toHaveLength(type === "ecdsap256" ? 64 : 256);
    expect(agent.comments()).toEqual(["tokbind:example.com"]);
    const other = new SshAgentKeyStore({ socket: agent.socket });
    expect(await idOf(other, "example.com", type)).toBe(encodeBase64url(key.id.bytes));
    expect(await store.get("example.com", type)).toBe(key);
    const ids = await Promise.all(types.map((each) => idOf(store, "example.com", each)));
    expect(new Set(ids).size).toBe(2);
  });

  test("keys that RFC 8471 has no use for are passed over", async () => {
    const { agent, store } = await open({ create: false });
    const comment = "tokbind:example.com";
    agent.add(comment, ["-t", "ed25519"]);
    agent.add(comment, ["-t", "ecdsa", "-b", "384"]);
    agent.add(comment, ["-t", "rsa", "-b", "3072"]);
    for (const type of types) {
      expect(await failure(store.get("example.com", type))).toMatchObject({
        code: "key_store",
        message: expect.stringContaining(
          `expected a ${type} key with the comment ${comment}, got none`,
        ) as string,
      });
    }
    expect(await store.list()).toEqual([]);
    agent.add(comment);
    agent.add(comment, rsa);
    for (const type of types) expect((await store.get("example.com", type)).keyParameters).toBe(type);
  });

  test("PSS is not in the protocol, and the store says so before anything is offered", async () => {
    const { agent, store } = await open();
    expect(store.keyParameters).toEqual(types);
    expect(await failure(store.get("example.com", "rsa2048_pss"))).toMatchObject({ code: "key_store" });
    expect(() => makeAgent({ keyStore: store, keyParameters: ["ecdsap256", "rsa2048_pss"] })).toThrow(
      /expected some of ecdsap256, rsa2048_pkcs1\.5, which the key store keeps, got rsa2048_pss/,
    );
    const origin = await serve({ keyParameters: ["rsa2048_pss", "rsa2048_pkcs1.5"] });
    await get(makeAgent({ keyStore: store }), origin.url);
    expect(origin.seen[0]).toMatchObject({
      negotiated: "rsa2048_pkcs1.5",
      id: await idOf(store, "localhost", "rsa2048_pkcs1.5"),
    });
    expect(agent.comments()).toEqual(["tokbind:localhost"]);
    const silent = await serve({ keyParameters: ["rsa2048_pss"] });
    await get(makeAgent({ keyStore: store }), silent.url);
    expect(silent.seen[0]).toMatchObject({ negotiated: undefined, fields: [] });
  });

  test.each([false, true])("requests over it, allowH2: %j", async (allowH2) => {
    const { store } = await open();
    const origin = await serve({ http2: allowH2 });
    const agent = makeAgent({ keyStore: store, allowH2 });
    await Promise.all(Array.from({ length: 8 }, () => get(agent, origin.url)));
    await get(agent, origin.url);
    expect(new Set(origin.seen.map(({ id }) => id))).toEqual(new Set([await idOf(store, "localhost")]));
  });

  test("delete forgets one scope, clear forgets all, and other keys stay [TBP-7.3-05] [TBH-8.2-01]", async () => {
    const { agent, store } = await open();
    agent.add("alice@example.com");
    agent.add("tokbind");
    const one = await idOf(store, "example.com");
    const rsaId = await idOf(store, "example.com", "rsa2048_pkcs1.5");
    const other = await idOf(store, "example.org");
    await store.delete("example.com");
    expect(await idOf(store, "example.com")).not.toBe(one);
    expect(await idOf(store, "example.com", "rsa2048_pkcs1.5")).not.toBe(rsaId);
    expect(await idOf(store, "example.org")).toBe(other);
    await store.clear();
    expect(agent.comments()).toEqual(["alice@example.com", "tokbind"]);
    expect(await idOf(store, "example.org")).not.toBe(other);
  });

  test("a key that somebody else removed is used no longer", async () => {
    const { agent, store } = await open();
    const key = await store.get("example.com", "ecdsap256");
    agent.run("ssh-add", ["-q", "-D"]);
    expect(await failure(sign(key, data))).toMatchObject({
      code: "key_store",
      message: expect.stringContaining("refused") as string,
    });
    expect(await idOf(store)).not.toBe(encodeBase64url(key.id.bytes));
  });

  test("calls at the same time, of one store or several, end with one key", async () => {
    const { agent, store } = await open();
    const stores = [
      store,
      store,
      ...Array.from({ length: 6 }, () => new SshAgentKeyStore({ socket: agent.socket })),
    ];
    for (const type of types) {
      await Promise.all(stores.map((each) => idOf(each, "example.com", type)));
      const ids = await Promise.all(stores.map((each) => idOf(each, "example.com", type)));
      expect(new Set(ids).size).toBe(1);
    }
    expect(agent.comments()).toHaveLength(2);
  });

  test("processes that ask at the same time get one key at once", async () => {
    const { agent, store } = await open();
    const script = new URL("support/get-agent-key.js", import.meta.url);
    const children = await Promise.all(
      Array.from({ length: 4 }, async () => {
        const child = fork(script, [agent.socket, "example.com", "ecdsap256"], { execArgv: [] });
        await once(child, "message");
        return child;
      }),
    );
    const ids = await Promise.all(
      children.map(async (child) => {
        const answer = once(child, "message");
        child.send("go");
        return (await answer)[0] as string;
      }),
    );
    expect(new Set(ids)).toEqual(new Set([await idOf(store)]));
    expect(agent.comments()).toHaveLength(1);
  });

  test("stores that get, delete and clear all the time never fail", async () => {
    const { agent } = await open();
    const stores = Array.from({ length: 3 }, () => new SshAgentKeyStore({ socket: agent.socket }));
    const work = stores.map(async (store, n) => {
      for (let i = 0; i < 12; i++) {
        if (i % 4 === n) await store.clear();
        else if (i % 4 === 3) await store.delete("example.com");
        // One that was cleared at the same moment is gone again.
        else
          await store.get("example.com", "ecdsap256").catch((error: unknown) => {
            expect(error).toMatchObject({ message: expect.stringContaining("gone again") as string });
          });
      }
    });
    await Promise.all(work);
    const ids = await Promise.all(stores.map((store) => idOf(store)));
    expect(new Set(ids).size).toBe(1);
  });

  test("a key expires by age in the agent itself", async () => {
    const { store } = await open({ maxAge: 1 });
    const id = await idOf(store);
    expect(await idOf(store)).toBe(id);
    await vi.waitFor(async () => {
      expect(await idOf(store)).not.toBe(id);
    }, 10_000);
  });

  test("a locked agent is named, and works again once it is unlocked", async () => {
    const { agent, store } = await open();
    const key = await store.get("example.com", "ecdsap256");
    await agent.lock();
    const message = expect.stringMatching(/ssh-agent at .*: refused; a locked agent/) as string;
    expect(await failure(sign(key, data))).toMatchObject({ code: "key_store", message });
    expect(await failure(store.get("example.com", "ecdsap256"))).toMatchObject({
      code: "key_store",
      message,
    });
    await agent.unlock();
    expect(await store.get("example.com", "ecdsap256")).toBe(key);
    expect(await sign(key, data)).toHaveLength(64);
  });

  test("any scope has a key of its own, or is refused", async () => {
    const { store } = await open();
    const scopes = [
      "",
      ".",
      "a b",
      "a%20b",
      "a",
      "A",
      "tokbind:a",
      "a\0b",
      "a\nb",
      "\u00e9",
      "e\u0301",
      "[::1]",
      "*",
      "x".repeat(1000),
    ];
    const ids = new Set<string>();
    for (const scope of scopes) ids.add(await idOf(store, scope));
    expect(ids.size).toBe(scopes.length);
    expect((await store.list()).map(({ scope }) => scope)).toEqual(scopes);
    for (const scope of ["\ud800", "x".repeat(1017), "\u00e9".repeat(200)]) {
      expect(await failure(store.get(scope, "ecdsap256"))).toMatchObject({ code: "key_store" });
      expect(await failure(store.delete(scope))).toMatchObject({ code: "key_store" });
    }
  });

  test("list shows what there is, without its private half", async () => {
    const { agent, store } = await open();
    agent.add("tokbind:by%20hand%", rsa);
    agent.add("bob@example.com");
    await store.get("example.com", "ecdsap256");
    const listed = await store.list();
    expect(listed.map(({ scope, keyParameters, created }) => [scope, keyParameters, created])).toEqual([
      ["by%20hand%", "rsa2048_pkcs1.5", undefined],
      ["example.com", "ecdsap256", undefined],
    ]);
    expect(encodeBase64url(listed[1]!.id.bytes)).toBe(await idOf(store));
  });

  test("two hundred hosts", async () => {
    const { agent, store } = await open();
    const hosts = Array.from({ length: 200 }, (_value, i) => `host${i}.example`);
    const ids = new Set<string>();
    for (const host of hosts) ids.add(await idOf(store, host));
    expect(ids.size).toBe(hosts.length);
    expect(agent.comments()).toHaveLength(hosts.length);
    expect(ids.has(await idOf(store, "host199.example"))).toBe(true);
    await store.clear();
    expect(agent.comments()).toEqual([]);
  });
});

test.each(["none.sock", "x".repeat(300), "a\0b"])("a socket that is not there is named: %j", async (name) => {
  const socket = join(await temporaryDirectory(), name);
  const store = new SshAgentKeyStore({ socket });
  const calls = [
    store.get("example.com", "ecdsap256"),
    store.delete("example.com"),
    store.clear(),
    store.list(),
  ];
  for (const error of await Promise.all(calls.map(failure))) {
    expect(error).toBeInstanceOf(TokenBindingError);
    expect(error).toMatchObject({ code: "key_store", cause: expect.any(Error) as Error });
    expect(error.message).toContain("cannot be reached");
  }
});
