import { encodeBase64url } from "@tokbind/codec";
import { Agent, interceptors, request } from "undici";
import { describe, expect, test } from "vitest";
import { MemoryKeyStore, type SentRequest } from "../src/index.ts";
import { failure, makeAgent, toLoopback } from "./support/agents.ts";
import { serve } from "./support/origin.ts";

const lookup = (
  _origin: unknown,
  _options: unknown,
  callback: (error: null, addresses: object[]) => void,
) => {
  callback(null, [{ address: "127.0.0.1", family: 4, ttl: 1000 }]);
};
const dns = () => interceptors.dns({ lookup: lookup as never });

describe("undici's dns interceptor", () => {
  test.each([{ allowH2: false }, { allowH2: true }])(
    "%j: SNI, the check of the certificate and the key stay those of the name [TBH-2-10] [TBP-4.1-04]",
    async ({ allowH2 }) => {
      const origin = await serve({ http2: true });
      const keyStore = new MemoryKeyStore();
      const scopes: string[] = [];
      const sent: SentRequest[] = [];
      const agent = makeAgent({
        keyStore,
        allowH2,
        scope: (url) => (scopes.push(url.href), url.hostname.replace("www.", "")),
        observe: (each) => sent.push(each),
      });
      const dispatcher = agent.compose(dns());
      for (const name of ["www.example.com", "www.example.org", "www.example.com"]) {
        const { body } = await request(`https://${name}:${origin.port}/path`, { dispatcher });
        await body.dump();
      }
      expect(scopes).toEqual(
        ["www.example.com", "www.example.org"].map((name) => `https://${name}:${origin.port}/`),
      );
      expect(origin.seen.map(({ servername }) => servername)).toEqual([
        "www.example.com",
        "www.example.org",
        "www.example.com",
      ]);
      const ids = await Promise.all(
        ["example.com", "example.org"].map(async (scope) =>
          encodeBase64url((await keyStore.get(scope, "ecdsap256")).id.bytes),
        ),
      );
      expect(origin.seen.map(({ id }) => id)).toEqual([ids[0], ids[1], ids[0]]);
      expect(origin.connections()).toBe(2);
      expect(sent[0]!.url).toBe(`https://www.example.com:${origin.port}/path`);

      const error = await failure(request(`https://wrong.example:${origin.port}/`, { dispatcher }));
      expect(error).toMatchObject({ code: "ERR_TLS_CERT_ALTNAME_INVALID" });
      expect(origin.seen).toHaveLength(3);
    },
  );

  test("leaves an address and plain http alone", async () => {
    const origin = await serve();
    const dispatcher = makeAgent().compose(dns());
    const { body } = await request(`https://127.0.0.1:${origin.port}/`, { dispatcher });
    await body.dump();
    expect(origin.seen[0]).toMatchObject({ servername: false, id: expect.any(String) as string });
  });
});

test("a trailing dot belongs to the URL, not to the name that is authenticated", async () => {
  const origin = await serve();
  const agent = makeAgent({ connect: { lookup: toLoopback } });
  await (await request(`https://www.example.com.:${origin.port}/`, { dispatcher: agent })).body.dump();
  expect(origin.seen).toMatchObject([{ servername: "www.example.com" }]);
});

describe("the option servername", () => {
  test("of a request: the name that is authenticated, so it is that of the key", async () => {
    const origin = await serve();
    const scopes: string[] = [];
    const agent = makeAgent({ scope: (url) => (scopes.push(url.hostname), url.hostname) });
    const options = { dispatcher: agent, servername: "login.example.com" };
    for (const url of [`https://127.0.0.1:${origin.port}/`, origin.url]) {
      await (await request(url, options)).body.dump();
    }
    expect(scopes).toEqual(["login.example.com", "login.example.com"]);
    expect(origin.seen.map(({ servername }) => servername)).toEqual(Array(2).fill("login.example.com"));
    expect(new Set(origin.seen.map(({ id }) => id)).size).toBe(1);
  });

  test("that repeats the host changes nothing", async () => {
    const origin = await serve();
    const agent = makeAgent();
    await (await request(origin.url, { dispatcher: agent })).body.dump();
    const options = { dispatcher: agent, servername: "localhost" };
    await (await request(origin.url, options)).body.dump();
    expect(origin.connections()).toBe(1);
  });

  test.each(["", "127.0.0.2", "a b", "a:1", "a/b", "a@b", "bücher.example", "[::1]", 5, {}])(
    "%j is refused",
    async (servername) => {
      const origin = await serve();
      const options = { dispatcher: makeAgent(), servername };
      expect(await failure(request(origin.url, options))).toMatchObject({ code: "invalid_argument" });
      expect(origin.seen).toHaveLength(0);
    },
  );

  test("means nothing to plain http", async () => {
    const dispatcher = makeAgent();
    expect(dispatcher).toBeInstanceOf(Agent);
    const error = await failure(request("http://127.0.0.1:1/", { dispatcher, servername: "a b" } as object));
    expect(error).toMatchObject({ code: "ECONNREFUSED" });
  });
});
