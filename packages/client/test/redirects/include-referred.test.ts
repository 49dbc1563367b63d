import type { KeyParameters } from "@tokbind/codec";
import { interceptors } from "undici";
import { describe, expect, test } from "vitest";
import { MemoryKeyStore, type TokenBindingAgent } from "../../src/index.ts";
import { asks, makeReferringAgent, type Party, party, redirect, type Visit, requested } from "./parties.ts";

/** How an application lets redirects be followed. */
const ways: [string, (agent: TokenBindingAgent, url: string) => Promise<string>][] = [
  ["agent.fetch", async (agent, url) => (await agent.fetch(url)).text()],
  [
    "fetch of a composed agent",
    async (agent, url) => (await agent.compose(interceptors.retry()).fetch(url)).text(),
  ],
  [
    "undici's redirect interceptor",
    (agent, url) => requested(agent.compose(interceptors.redirect({ maxRedirections: 5 })), url),
  ],
  [
    "undici's redirect around its retry interceptor",
    (agent, url) =>
      requested(agent.compose(interceptors.retry(), interceptors.redirect({ maxRedirections: 5 })), url),
  ],
  [
    "a composed agent, composed",
    (agent, url) =>
      requested(
        agent.compose(interceptors.redirect({ maxRedirections: 5 })).compose([interceptors.retry()]),
        url,
      ),
  ],
];

/** From one server to another, with an answer of the first; what the second saw. */
async function referredBy(
  fields: Record<string, string | string[]>,
  status = 302,
  agent = makeReferringAgent(),
): Promise<Visit | undefined> {
  const provider = await party("provider.example");
  const consumer = await party(
    "consumer.example",
    redirect(() => provider.url, fields, status),
  );
  await (await agent.fetch(consumer.url)).text();
  return provider.visits[0];
}

describe.each(ways)("%s", (_way, follow) => {
  test.each([false, true])(
    "refers, allowH2 %j [TBH-5.3-04] [TBH-5.3-09] [TBH-5.3-10] [TBH-5.3-11] [A-24]",
    async (allowH2) => {
      const provider = await party("provider.example", undefined, { http2: allowH2 });
      const consumer = await party(
        "consumer.example",
        redirect(() => provider.url),
        { http2: allowH2 },
      );
      expect(await follow(makeReferringAgent({ allowH2 }), consumer.url)).toBe("ok");
      const [visit] = provider.visits;
      expect(visit!.referred).toMatchObject({ tbh: consumer.visits[0]!.provided!.tbh });
      expect(visit!.provided!.tbh).not.toBe(visit!.referred!.tbh);
    },
  );

  test("refers nothing unless the application has said so [TBH-5.3-03] [TBH-6-02] [TBH-8.3-01]", async () => {
    const provider = await party("provider.example");
    const consumer = await party(
      "consumer.example",
      redirect(() => provider.url),
    );
    for (const refer of [undefined, false]) await follow(makeReferringAgent({ refer }), consumer.url);
    expect(provider.visits).toHaveLength(2);
    for (const { provided, referred } of provider.visits) {
      expect(provided).toBeDefined();
      expect(referred).toBeUndefined();
    }
  });

  test("refers nothing at the hop after [TBH-5.3-06]", async () => {
    const last = await party("last.example");
    const provider = await party(
      "provider.example",
      redirect(() => last.url, {}),
    );
    const consumer = await party(
      "consumer.example",
      redirect(() => provider.url),
    );
    await follow(makeReferringAgent(), consumer.url);
    expect(provider.visits[0]!.referred).toBeDefined();
    expect(last.visits[0]!.referred).toBeUndefined();
  });

  test("nothing of one request is referred by another to the same server [A-54]", async () => {
    const provider = await party("provider.example");
    const consumer = await party(
      "consumer.example",
      redirect(() => `${provider.url}/redirected`),
    );
    const agent = makeReferringAgent();
    await Promise.all(
      [0, 1, 2, 3].map((i) => follow(agent, i % 2 ? consumer.url : `${provider.url}/direct`)),
    );
    await follow(agent, `${provider.url}/direct`);
    for (const { path, referred } of provider.visits) {
      expect(referred !== undefined).toBe(path === "/redirected");
    }
    expect(provider.visits).toHaveLength(5);
  });
});

test("Node's own fetch refers nothing: nobody tells the agent that its requests are one chain [TBH-6-02] [A-54]", async () => {
  const provider = await party("provider.example");
  const consumer = await party(
    "consumer.example",
    redirect(() => provider.url),
  );
  const dispatcher = makeReferringAgent() as unknown;
  expect(await (await fetch(consumer.url, { dispatcher } as RequestInit)).text()).toBe("ok");
  expect(provider.visits[0]).toMatchObject({ provided: {}, referred: undefined });
});

describe("the field", () => {
  const name = "include-referred-token-binding-id";
  test.each(["true", "TRUE", "True", " \t true\t "])("%j asks [TBH-5.3-02] [A-23]", async (value) => {
    expect((await referredBy({ [name]: value }))!.referred).toBeDefined();
  });

  test.each([
    "",
    "false",
    "1",
    "yes",
    "?1",
    "true, true",
    "true;q=1",
    '"true"',
    "true true",
    "truе",
    "\u00a0true",
    "tru",
  ])("%j does not [TBH-5.3-02] [A-23]", async (value) => {
    const latin1 = Buffer.from(value).toString("latin1");
    expect(await referredBy({ [name]: latin1 })).toMatchObject({ provided: {}, referred: undefined });
  });

  test("twice does not, whatever the values [A-23]", async () => {
    for (const values of [
      ["true", "true"],
      ["true", "false"],
      ["", "true"],
    ]) {
      expect((await referredBy({ [name]: values }))!.referred).toBeUndefined();
    }
  });

  test("of another name does not, and not in trailers", async () => {
    for (const other of ["Include-Referred-Token-Binding", "Sec-Include-Referred-Token-Binding-ID"]) {
      expect((await referredBy({ [other]: "true" }))!.referred).toBeUndefined();
    }
    const provider = await party("provider.example");
    const consumer = await party("consumer.example", (_visit, response) => {
      response.writeHead(302, { location: provider.url, "transfer-encoding": "chunked", trailer: name });
      response.write("moved");
      response.addTrailers({ [name]: "true" });
      response.end();
    });
    await (await makeReferringAgent().fetch(consumer.url)).text();
    expect(provider.visits[0]).toMatchObject({ provided: {}, referred: undefined });
  });

  test.each([301, 302, 303, 307, 308])("counts with %j [TBH-5.5-01]", async (status) => {
    expect((await referredBy(asks, status))!.referred).toBeDefined();
  });

  test.each([200, 201, 300, 304, 305, 306, 401, 500])(
    "does not with %j [TBH-5.3-08] [A-22]",
    async (status) => {
      // Within one chain: retried, or redirected by the next answer.
      const provider = await party("provider.example");
      const first = redirect(() => provider.url, asks, status);
      const then = redirect(() => provider.url, {});
      const consumer: Party = await party("consumer.example", (visit, response) => {
        (consumer.visits.length === 1 ? first : then)(visit, response);
      });
      const agent = makeReferringAgent().compose(
        interceptors.retry({ statusCodes: [status], minTimeout: 1, timeoutFactor: 1 }),
        interceptors.redirect({ maxRedirections: 5 }),
      );
      await requested(agent, consumer.url);
      for (const { referred } of provider.visits) expect(referred).toBeUndefined();
    },
  );

  test("of an informational answer does not, however many there are", async () => {
    const provider = await party("provider.example");
    const consumer = await party("consumer.example", (_visit, response) => {
      for (let i = 0; i < 100; i++)
        response.writeEarlyHints({ link: "</x>; rel=preload", ...asks, location: provider.url });
      response.writeHead(302, { location: provider.url }).end();
    });
    await (await makeReferringAgent().fetch(consumer.url)).text();
    expect(provider.visits[0]).toMatchObject({ provided: {}, referred: undefined });
  });

  test("without a Location, or with one that leads nowhere, fails as it would without", async () => {
    const consumer = await party("consumer.example", ({ path }, response) => {
      const location = decodeURIComponent(path.slice(1));
      response.writeHead(302, { ...asks, ...(location && { location }) }).end();
    });
    const agent = makeReferringAgent();
    expect((await agent.fetch(consumer.url)).status).toBe(302);
    for (const location of ["https://", "ftp://provider.example/", "data:,x", "javascript:1"]) {
      const failing = agent.fetch(`${consumer.url}/${encodeURIComponent(location)}`);
      await expect(failing).rejects.toThrow("fetch failed");
    }
  });
});

describe("key parameters", () => {
  const all: KeyParameters[] = ["ecdsap256", "rsa2048_pss", "rsa2048_pkcs1.5"];
  const pairs = all.flatMap((consumer) => all.map((provider) => [consumer, provider] as const));
  const keyStore = new MemoryKeyStore();
  test.each(pairs)("%s there, %s here [TBH-5.4-01] [TBH-5.4-02]", async (there, here) => {
    const provider = await party("provider.example", undefined, { keyParameters: [here] });
    const consumer = await party(
      "consumer.example",
      redirect(() => provider.url),
      { keyParameters: [there] },
    );
    await (await makeReferringAgent({ keyStore }).fetch(consumer.url)).text();
    const [{ provided, referred }] = provider.visits as [Visit];
    expect(provided!.keyParameters).toBe(here);
    expect(referred).toMatchObject({ keyParameters: there, tbh: consumer.visits[0]!.provided!.tbh });
  });
});
