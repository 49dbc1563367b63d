import { generateKey, tokenBindingHash } from "@tokbind/crypto";
import { Agent, interceptors } from "undici";
import { describe, expect, expectTypeOf, test } from "vitest";
import {
  MemoryKeyStore,
  refer,
  type Referral,
  referralIn,
  type SentRequest,
  TokenBindingAgent,
  TokenBindingError,
} from "../../src/index.ts";
import { failure } from "../support/agents.ts";
import { asks, makeReferringAgent, party, redirect, requested } from "./parties.ts";

const key = await generateKey("ecdsap256");
const redirecting = interceptors.redirect({ maxRedirections: 5 });

describe("refer", () => {
  test("refers without a redirect, with request() and fetch, to that server alone [TBH-6-01] [TBH-5.2-03]", async () => {
    const provider = await party("provider.example");
    const other = await party("other.example");
    const consumer = await party("consumer.example");
    const sent: SentRequest[] = [];
    const agent = makeReferringAgent({ refer: false, observe: (each) => sent.push(each) });
    await requested(agent, consumer.url);
    const referring = agent.compose(refer({ key: sent[0]!.provided!, to: provider.url }));
    for (const { url } of [provider, other]) {
      expect(await requested(referring, url)).toBe("ok");
      expect(await (await referring.fetch(url)).text()).toBe("ok");
    }
    await requested(agent, provider.url);
    const { tbh } = consumer.visits[0]!.provided!;
    expect(provider.visits.map(({ referred }) => referred?.tbh)).toEqual([tbh, tbh, undefined]);
    expect(other.visits.map(({ referred }) => referred)).toEqual([undefined, undefined]);
  });

  test("works with a key of any type [TBH-6-01] [TBH-5.4-01]", async () => {
    const provider = await party("provider.example");
    const rsa = await new MemoryKeyStore().get("x", "rsa2048_pkcs1.5");
    await requested(
      makeReferringAgent().compose(refer({ key: rsa, to: new URL("/path?x", provider.url) })),
      provider.url,
    );
    expect(provider.visits[0]).toMatchObject({
      provided: { keyParameters: "ecdsap256" },
      referred: { keyParameters: "rsa2048_pkcs1.5" },
    });
  });

  test("does not go along where a redirect leads, not even back, whatever is composed in which order", async () => {
    const provider = await party("provider.example", ({ path }, response) => {
      response.writeHead(302, { location: path === "/" ? "/again" : other.url }).end();
    });
    const other = await party("other.example");
    const agent = makeReferringAgent();
    const referring = refer({ key, to: provider.url });
    await requested(agent.compose(redirecting, referring), provider.url);
    await requested(agent.compose(referring, redirecting), provider.url);
    await requested(agent.compose(referring).compose(redirecting), provider.url);
    await (await agent.compose(referring).fetch(provider.url)).text();
    expect(provider.visits.map(({ referred }) => referred !== undefined)).toEqual(
      Array(4).fill([true, false]).flat(),
    );
    expect(other.visits.map(({ referred }) => referred)).toEqual(Array(4).fill(undefined));
  });

  test("several count, each for its server, and the innermost for one that has two", async () => {
    const [one, two] = [await party("one.example"), await party("two.example")];
    const other = await generateKey("ecdsap256");
    const referring = makeReferringAgent().compose(
      refer({ key, to: one.url }),
      refer({ key: other, to: two.url }),
      refer({ key: other, to: one.url }),
    );
    for (const { url } of [one, two]) await requested(referring, url);
    const tbh = [one, two].map(({ visits }) => visits[0]!.referred!.tbh);
    expect(tbh).toEqual([key, other].map(({ id }) => tokenBindingHash(id.bytes)));
  });

  test("a redirect's own referral takes its place", async () => {
    const provider = await party(
      "provider.example",
      redirect(() => second.url),
    );
    const second = await party("second.example");
    await requested(
      makeReferringAgent().compose(refer({ key, to: provider.url }), redirecting),
      provider.url,
    );
    expect(provider.visits[0]!.referred!.tbh).toBeDefined();
    expect(second.visits[0]!.referred!.tbh).toBe(provider.visits[0]!.provided!.tbh);
  });

  test("goes without where Token Binding is not negotiated [A-37]", async () => {
    const provider = await party("provider.example", undefined, { keyParameters: [] });
    const referring = makeReferringAgent().compose(refer({ key, to: provider.url }));
    expect(await requested(referring, provider.url)).toBe("ok");
    expect(provider.visits[0]!.headers).not.toHaveProperty("sec-token-binding");
  });

  test("fails with key_store when the key cannot sign: the application has asked for it", async () => {
    const provider = await party("provider.example");
    const cause = new Error("removed");
    const lost = { ...key, sign: () => Promise.reject(cause) };
    const referring = makeReferringAgent().compose(refer({ key: lost, to: provider.url }));
    expect(await failure(requested(referring, provider.url))).toMatchObject({ code: "key_store", cause });
    expect(provider.visits).toHaveLength(0);
  });

  test("is never ignored: another dispatcher is refused", async () => {
    const agent = new Agent();
    const error = await failure(
      requested(agent.compose(refer({ key, to: "https://provider.example" })), "https://provider.example"),
    );
    expect(error).toMatchObject({
      code: "invalid_argument",
      message: expect.stringContaining("TokenBindingAgent") as string,
    });
    await agent.close();
  });

  test.each<unknown>([
    undefined,
    {},
    { key },
    { to: "https://provider.example" },
    { key, to: "http://provider.example" },
    { key, to: "provider.example" },
    { key, to: 5 },
    { key: "key", to: "https://provider.example" },
    { key: { ...key, sign: undefined }, to: "https://provider.example" },
    { key: { ...key, id: undefined }, to: "https://provider.example" },
    { key: { ...key, keyParameters: "x" }, to: "https://provider.example" },
    { key, to: "https://provider.example", more: 1 },
  ])("refuses %j", (referral) => {
    expect(() => refer(referral as Referral)).toThrow(TokenBindingError);
  });
});

describe("referralIn", () => {
  const sent = { url: "https://consumer.example/login?x", provided: key };
  const location = "https://provider.example:444/authorize?client_id=1";

  test("takes header fields of any client", () => {
    const referral = { key, to: "https://provider.example:444" };
    const raw = ["Location", location, ...Object.entries(asks).flat()];
    expect(referralIn(sent, 303, new Headers({ location, ...asks }))).toEqual(referral);
    expect(referralIn(sent, 303, raw)).toEqual(referral);
    expect(
      referralIn(
        sent,
        303,
        raw.map((each) => Buffer.from(each)),
      ),
    ).toEqual(referral);
    const fields = { location, "include-referred-token-binding-id": "true" };
    expect(referralIn(sent, 303, fields)).toEqual(referral);
    expect(referralIn(sent, 303, { ...fields, location: "/relative" })).toEqual({
      key,
      to: "https://consumer.example",
    });
  });

  test("finds nothing where nothing may be referred [TBH-5.3-07] [TBH-5.3-08] [A-22] [A-23]", () => {
    const fields = { location, "include-referred-token-binding-id": "true" };
    const nothing = [
      referralIn({ ...sent, provided: undefined }, 302, fields),
      referralIn(sent, 200, fields),
      referralIn(sent, 300, fields),
      referralIn(sent, 302, { location }),
      referralIn(sent, 302, { ...fields, "include-referred-token-binding-id": "yes" }),
      referralIn(sent, 302, { ...fields, "include-referred-token-binding-id": ["true", "true"] }),
      referralIn(sent, 302, { "include-referred-token-binding-id": "true" }),
      referralIn(sent, 302, { ...fields, location: "http://provider.example/" }),
      referralIn(sent, 302, { ...fields, location: "https://" }),
      referralIn(sent, 302, { ...fields, location: [location, location] }),
      referralIn(
        sent,
        302,
        new Headers([["location", location], ...Object.entries(asks), ...Object.entries(asks)]),
      ),
    ];
    for (const each of nothing) expect(each).toBeUndefined();
  });

  test("serves an application that follows redirects itself", async () => {
    const provider = await party("provider.example");
    const consumer = await party(
      "consumer.example",
      redirect(() => provider.url),
    );
    let last: SentRequest | undefined;
    const agent = makeReferringAgent({ refer: false, observe: (each) => (last = each) });
    const response = await agent.fetch(consumer.url, { redirect: "manual" });
    const referral = referralIn(last!, response.status, response.headers);
    await requested(agent.compose(refer(referral!)), response.headers.get("location")!);
    expect(provider.visits[0]!.referred!.tbh).toBe(consumer.visits[0]!.provided!.tbh);
  });
});

test("the option is true or false, and what is composed is an agent", () => {
  const agent = makeReferringAgent();
  expectTypeOf(agent.compose(interceptors.retry())).toEqualTypeOf<TokenBindingAgent>();
  expect(agent.compose(interceptors.retry())).toBeInstanceOf(TokenBindingAgent);
  expect(() => new TokenBindingAgent({ refer: "yes" as never })).toThrow("refer: expected true or false");
});
