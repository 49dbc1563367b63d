import { once } from "node:events";
import type net from "node:net";
import { Readable } from "node:stream";
import { type KeyParameters, TokenBindingError } from "@tokbind/codec";
import { generateKey } from "@tokbind/crypto";
import { request } from "undici";
import { describe, expect, test } from "vitest";
import { MemoryKeyStore } from "../src/index.ts";
import { failure, get, makeAgent, storeOf, toLoopback, unusedPort } from "./support/agents.ts";
import { serve } from "./support/origin.ts";

describe("as a dispatcher", () => {
  test("works with undici's request, with its own and with the global fetch", async () => {
    const origin = await serve();
    const agent = makeAgent();
    const { body } = await request(origin.url, { dispatcher: agent, headers: { "x-test": "1" } });
    await body.dump();
    await get(agent, origin.url);
    await (await fetch(origin.url, { dispatcher: agent })).text();
    expect(origin.seen.map((seen) => seen.id)).toEqual(Array(3).fill(origin.seen[0]!.id));
    expect(origin.seen[0]!.id).toBeDefined();
  });

  test("header fields arrive whatever their form", async () => {
    const origin = await serve({
      answer: (incoming, response) => response.end(incoming.headers["x-test"]),
    });
    const agent = makeAgent();
    const forms = [
      { "x-test": "a" },
      ["x-test", "a"],
      new Map([["x-test", "a"]]),
      new Headers({ "x-test": "a" }),
    ];
    for (const headers of forms) {
      const { body } = await request(origin.url, { dispatcher: agent, headers: headers as never });
      expect(await body.text()).toBe("a");
    }
    const lists = await request(origin.url, { dispatcher: agent, headers: { "x-test": ["a", "b"] } });
    expect(await lists.body.text()).toBe("a, b");
    expect(origin.seen.every((seen) => seen.id !== undefined)).toBe(true);
  });

  test("sends bodies of every kind", async () => {
    const origin = await serve();
    const agent = makeAgent();
    const bodies: (() => NonNullable<Parameters<typeof request>[1]>["body"])[] = [
      () => "text",
      () => Buffer.from("text"),
      () => Readable.from(["te", "xt"]),
    ];
    for (const body of bodies) {
      const answer = await request(origin.url, { method: "POST", dispatcher: agent, body: body()! });
      expect(await answer.body.text()).toBe("text");
    }
    const stream = new Response("text").body!;
    const answer = await agent.fetch(origin.url, { method: "POST", body: stream as never, duplex: "half" });
    expect(await answer.text()).toBe("text");
    expect(origin.seen.every((seen) => seen.id !== undefined)).toBe(true);
  });

  test("another Host does not make it connect anew", async () => {
    const origin = await serve();
    const agent = makeAgent();
    for (const host of ["localhost", "elsewhere.test", "localhost"]) {
      const { body } = await request(origin.url, { dispatcher: agent, headers: { host } });
      await body.dump();
    }
    expect(origin.connections()).toBe(1);
    expect(origin.seen.every((seen) => seen.id !== undefined)).toBe(true);
  });

  test("a request that undici refuses fails and blocks nothing", async () => {
    const origin = await serve();
    const agent = makeAgent({ connections: 1 });
    const bad = () => failure(request(origin.url, { dispatcher: agent, headers: { "bad name": "x" } }));
    expect(await bad()).toMatchObject({ code: "UND_ERR_INVALID_ARG" });
    await expect.poll(() => origin.sockets.size).toBe(0);
    await get(agent, origin.url);
    expect(await bad()).toMatchObject({ code: "UND_ERR_INVALID_ARG" });
    await get(agent, origin.url);
    expect(origin.connections()).toBe(1);
  });

  test("abort while connecting, waiting and receiving", async () => {
    const origin = await serve({ answer: (_incoming, response) => response.write("never ends") });
    const agent = makeAgent({ connections: 1 });
    const early = new AbortController();
    const connecting = failure(agent.fetch(origin.url, { signal: early.signal }));
    early.abort();
    expect((await connecting).name).toBe("AbortError");

    const first = new AbortController();
    const response = await agent.fetch(origin.url, { signal: first.signal });
    const second = new AbortController();
    const waiting = failure(agent.fetch(origin.url, { signal: second.signal }));
    second.abort();
    expect((await waiting).name).toBe("AbortError");
    first.abort();
    expect((await failure(response.text())).name).toBe("AbortError");

    const { body } = await request(origin.url, { dispatcher: agent });
    expect((await failure(once(body.destroy(), "close"))).name).toBe("AbortError");
  });

  test.each(["onConnect", "onHeaders", "onData", "onComplete", "onUpgrade", "onError"])(
    "a handler without %s is refused as undici does",
    async (missing) => {
      const origin = await serve();
      const agent = makeAgent();
      const errors: unknown[] = [];
      const all = ["onConnect", "onHeaders", "onData", "onComplete", "onUpgrade"];
      const handler = Object.fromEntries(all.map((name) => [name, () => expect.fail(`${name} is called`)]));
      const whole = { ...handler, onError: (error: unknown) => errors.push(error), [missing]: undefined };
      const upgrade = missing === "onUpgrade" ? "websocket" : null;
      const dispatch = () => agent.dispatch({ origin: origin.url, path: "/", method: "GET", upgrade }, whole);
      const refused = { code: "UND_ERR_INVALID_ARG", message: `invalid ${missing} method` };
      if (missing === "onError") {
        expect(dispatch).toThrow(expect.objectContaining(refused) as Error);
      } else {
        expect(dispatch()).toBe(false);
        expect(errors).toMatchObject([refused]);
      }
      expect(origin.sockets.size).toBe(0);
    },
  );

  test("connection refused is reported with its cause", async () => {
    const agent = makeAgent();
    const url = `https://127.0.0.1:${await unusedPort()}/`;
    expect(await failure(request(url, { dispatcher: agent }))).toMatchObject({ code: "ECONNREFUSED" });
    expect((await failure(agent.fetch(url))).cause).toMatchObject({ code: "ECONNREFUSED" });
  });

  test.each([{ connections: 1 }, { allowH2: true }])(
    "%j: requests that wait for a connection which fails are not kept waiting for another try",
    async (options) => {
      let attempts = 0;
      const lookup: net.LookupFunction = (...args) => {
        attempts++;
        toLoopback(...args);
      };
      const agent = makeAgent({ ...options, connect: { lookup } });
      const url = `https://www.example.com:${await unusedPort()}/`;
      const errors = await Promise.all([1, 2, 3].map(() => failure(request(url, { dispatcher: agent }))));
      for (const error of errors) expect(error).toMatchObject({ code: "ECONNREFUSED" });
      expect(attempts).toBe(1);
    },
  );

  test("a certificate that is not trusted is reported, and nothing is sent", async () => {
    const origin = await serve();
    const agent = makeAgent({ connect: { ca: [] } });
    const error = await failure(request(origin.url, { dispatcher: agent }));
    expect(error).toMatchObject({ code: "DEPTH_ZERO_SELF_SIGNED_CERT" });
    expect(origin.seen).toHaveLength(0);
  });

  test("a failing key store fails the request, not the agent", async () => {
    let broken = true;
    const good = new MemoryKeyStore();
    const keyStore = storeOf((scope: string, keyParameters: KeyParameters) =>
      broken ? Promise.reject(new TokenBindingError("key_store", "locked")) : good.get(scope, keyParameters),
    );
    const origin = await serve();
    const agent = makeAgent({ keyStore, connections: 1 });
    expect(await failure(request(origin.url, { dispatcher: agent }))).toMatchObject({ code: "key_store" });
    broken = false;
    await get(agent, origin.url);
    broken = true;
    expect(await failure(request(origin.url, { dispatcher: agent }))).toMatchObject({ code: "key_store" });
    broken = false;
    await get(agent, origin.url);
    expect(origin.seen).toHaveLength(2);
  });

  test("a key that could not sign once is asked again", async () => {
    const key = await generateKey("ecdsap256");
    let calls = 0;
    const sign = (data: Uint8Array) =>
      ++calls === 2 ? Promise.reject(new Error("token removed")) : key.sign(data);
    const keys = [0, 1].map(() => ({ ...key, sign }));
    const origin = await serve();
    const agent = makeAgent({
      keyStore: storeOf(() => Promise.resolve(keys[Math.min(calls, 1)]!)),
    });
    await get(agent, origin.url);
    const error = await failure(request(origin.url, { dispatcher: agent }));
    expect(error).toMatchObject({
      code: "key_store",
      message: "signature by a key of type ecdsap256: token removed",
    });
    expect(error.cause).toMatchObject({ message: "token removed" });
    await get(agent, origin.url);
    expect(origin.connections()).toBe(1);
    expect(origin.seen.map((seen) => seen.id !== undefined)).toEqual([true, true]);
  });

  test("a key of another type than was negotiated is never used [TBP-4.1-02]", async () => {
    const key = await generateKey("ecdsap256");
    const origin = await serve({ keyParameters: ["rsa2048_pss"] });
    const agent = makeAgent({ keyStore: storeOf(() => Promise.resolve(key)) });
    expect(await failure(request(origin.url, { dispatcher: agent }))).toMatchObject({ code: "key_store" });
    expect(origin.seen).toHaveLength(0);
  });
});
