import http from "node:http";
import { listenInTest } from "@tokbind/testing/vitest";
import { interceptors } from "undici";
import { describe, expect, test } from "vitest";
import { MemoryKeyStore, scopeOf } from "../../src/index.ts";
import { storeOf } from "../support/agents.ts";
import { asks, makeReferringAgent, type Party, party, redirect, requested } from "./parties.ts";

describe("where nothing can be referred, the request goes without and without an error [A-37]", () => {
  const silent = { keyParameters: [] };

  test("a consumer without Token Binding [TBH-5.3-07]", async () => {
    const provider = await party("provider.example");
    const consumer = await party(
      "consumer.example",
      redirect(() => provider.url),
      silent,
    );
    await (await makeReferringAgent().fetch(consumer.url)).text();
    expect(consumer.visits[0]!.provided).toBeUndefined();
    expect(provider.visits[0]).toMatchObject({ provided: {}, referred: undefined });
  });

  test("a provider without Token Binding gets no field at all [TBH-5.3-13]", async () => {
    const provider = await party("provider.example", undefined, silent);
    const consumer = await party(
      "consumer.example",
      redirect(() => provider.url),
    );
    expect(await (await makeReferringAgent().fetch(consumer.url)).text()).toBe("ok");
    expect(provider.visits[0]!.headers).not.toHaveProperty("sec-token-binding");
  });

  test("a server of http gets no field, and asks in vain [TBH-5.3-07] [TBH-5.3-13]", async () => {
    const fields: unknown[] = [];
    const plain = http.createServer((incoming, response) => {
      fields.push(incoming.headers["sec-token-binding"]);
      response.writeHead(302, { location: provider.url, ...asks }).end();
    });
    const port = await listenInTest(plain);
    const provider = await party("provider.example");
    const consumer = await party(
      "consumer.example",
      redirect(() => `http://127.0.0.1:${port}/`),
    );
    const agent = makeReferringAgent();
    for (const url of [consumer.url, `http://127.0.0.1:${port}/`]) {
      expect(await (await agent.fetch(url)).text()).toBe("ok");
    }
    expect(fields).toEqual([undefined, undefined]);
    for (const { provided, referred } of provider.visits) {
      expect(provided).toBeDefined();
      expect(referred).toBeUndefined();
    }
    expect(provider.visits).toHaveLength(2);
  });

  test("a key that cannot sign any more", async () => {
    const keys = new MemoryKeyStore();
    const lost = await keys.get("consumer", "ecdsap256");
    let isLost = false;
    const flaky = {
      ...lost,
      sign: (data: Uint8Array) => (isLost ? Promise.reject(new Error("removed")) : lost.sign(data)),
    };
    const keyStore = storeOf((scope, parameters) =>
      scope === "consumer.example" ? Promise.resolve(flaky) : keys.get(scope, parameters),
    );
    const provider = await party("provider.example");
    const consumer = await party("consumer.example", (visit, response) => {
      isLost = true;
      redirect(() => provider.url)(visit, response);
    });
    expect(await (await makeReferringAgent({ keyStore }).fetch(consumer.url)).text()).toBe("ok");
    expect(provider.visits[0]).toMatchObject({ provided: {}, referred: undefined });
  });
});

test("the key of the request that was answered is referred, though the site was reset meanwhile [A-37] [TBH-5.3-10]", async () => {
  const keyStore = new MemoryKeyStore();
  const provider = await party("provider.example");
  const consumer: Party = await party("consumer.example", async (visit, response) => {
    if (visit.path === "/other") return response.end();
    await keyStore.delete(scopeOf(new URL(consumer.url)));
    await (await agent.fetch(`${consumer.url}/other`)).text();
    return redirect(() => provider.url)(visit, response);
  });
  const agent = makeReferringAgent({ keyStore });
  await (await agent.fetch(consumer.url)).text();
  expect(provider.visits[0]!.referred!.tbh).toBe(consumer.visits[0]!.provided!.tbh);
  expect(consumer.visits[1]!.provided!.tbh).not.toBe(consumer.visits[0]!.provided!.tbh);
});

test("a request that is sent again because its connection broke refers again [A-55]", async () => {
  const provider = await party("provider.example", (_visit, response) => {
    if (provider.visits.length === 2) response.socket!.destroy();
    else response.end("ok");
  });
  const consumer = await party(
    "consumer.example",
    redirect(() => provider.url),
  );
  const agent = makeReferringAgent({ connections: 1 });
  await (await agent.fetch(provider.url)).text();
  const dispatcher = agent.compose(
    interceptors.retry({ minTimeout: 1, timeoutFactor: 1 }),
    interceptors.redirect({ maxRedirections: 5 }),
  );
  expect(await requested(dispatcher, consumer.url)).toBe("ok");
  expect(provider.visits.map(({ referred }) => referred !== undefined)).toEqual([false, true, true]);
});

test("undici's dns interceptor changes nothing: the origin is that of the name", async () => {
  const provider = await party("provider.example");
  const consumer = await party(
    "consumer.example",
    redirect(() => provider.url),
  );
  const lookup = (_origin: unknown, _options: unknown, callback: (error: null, found: object[]) => void) => {
    callback(null, [{ address: "127.0.0.1", family: 4, ttl: 1000 }]);
  };
  const dispatcher = makeReferringAgent().compose(
    interceptors.dns({ lookup: lookup as never }),
    interceptors.redirect({ maxRedirections: 5 }),
  );
  expect(await requested(dispatcher, consumer.url)).toBe("ok");
  expect(provider.visits[0]!.referred!.tbh).toBe(consumer.visits[0]!.provided!.tbh);
});
