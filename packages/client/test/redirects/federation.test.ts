import { expect, test } from "vitest";
import { asks, makeReferringAgent, ok, type Party, party, redirect } from "./parties.ts";

const tbh = ({ visits }: Party) => new Set(visits.map(({ provided }) => provided?.tbh));

test("a sign-on of RFC 8473 section 5.5 shows each server the bindings that it should see, and a fourth none [TBP-3.1-02] [TBH-5.2-01] [TBH-5.2-02] [TBH-5.3-04] [TBH-5.3-06] [TBH-5.3-09] [TBH-5.3-11]", async () => {
  // Two consumers send the client to one provider, which binds a token to the referred ID, and so back.
  const tokenFor = new Map<string, string>();
  const consumer = async (name: string) => {
    const self: Party = await party(name, ({ path }, response) => {
      if (path === "/private") {
        const location = `${provider.url}/authorize?back=${encodeURIComponent(self.url)}`;
        response.writeHead(302, { location, ...asks }).end();
      } else if (path.startsWith("/callback")) response.writeHead(303, { location: "/home" }).end();
      else response.end("home");
    });
    return self;
  };
  const provider: Party = await party("accounts.provider.example", ({ path, referred }, response) => {
    const { searchParams } = new URL(path, provider.url);
    const token = `token-${tokenFor.size}`;
    tokenFor.set(token, referred!.tbh);
    response.writeHead(302, { location: `${searchParams.get("back")}/callback?token=${token}` }).end();
  });
  const shop = await consumer("www.shop.example");
  const bank = await consumer("www.bank.example");
  const fourth = await party("www.ads.example");
  const agent = makeReferringAgent();

  for (const { url } of [shop, bank]) expect(await (await agent.fetch(`${url}/private`)).text()).toBe("home");
  await (await agent.fetch(fourth.url)).text();

  for (const { visits } of [shop, bank]) {
    expect(visits.map(({ path }) => path.split("?")[0])).toEqual(["/private", "/callback", "/home"]);
    const token = visits[1]!.path.split("token=")[1]!;
    expect(tokenFor.get(token)).toBe(visits[1]!.provided!.tbh);
  }
  expect(provider.visits.map(({ referred }) => referred?.tbh)).toEqual([...tbh(shop), ...tbh(bank)]);
  for (const { visits } of [shop, bank, fourth]) {
    expect(visits.every(({ referred }) => referred === undefined)).toBe(true);
  }
  // One key for each site, and four sites.
  for (const each of [shop, bank, provider, fourth]) expect(tbh(each).size).toBe(1);
  expect(new Set([shop, bank, provider, fourth].flatMap((each) => [...tbh(each)])).size).toBe(4);
  expect([...tbh(fourth)][0]).toBeDefined();
});

test("in a chain each provider sees the ID of the server before it, and none further [TBH-5.3-06] [TBH-5.3-12]", async () => {
  const second = await party(
    "second.example",
    redirect(() => `${last.url}/`, {}),
  );
  const first = await party(
    "first.example",
    redirect(() => `${second.url}/`),
  );
  const consumer = await party(
    "consumer.example",
    redirect(() => `${first.url}/`),
  );
  const last = await party("last.example");
  const response = await makeReferringAgent().fetch(consumer.url);
  expect(await response.text()).toBe("ok");
  expect(first.visits[0]!.referred!.tbh).toBe(consumer.visits[0]!.provided!.tbh);
  expect(second.visits[0]!.referred!.tbh).toBe(first.visits[0]!.provided!.tbh);
  expect(last.visits[0]!.provided).toBeDefined();
  expect(last.visits[0]!.referred).toBeUndefined();
});

test("back at the consumer within the chain nothing is referred [TBH-5.3-06]", async () => {
  const provider = await party(
    "provider.example",
    redirect(() => `${consumer.url}/back`, {}),
  );
  const consumer = await party("consumer.example", (visit, response) => {
    if (visit.path === "/") redirect(() => provider.url)(visit, response);
    else if (visit.path === "/back") redirect(() => `${provider2.url}/`, {})(visit, response);
    else ok(visit, response);
  });
  const provider2 = await party("accounts.provider.example");
  await (await makeReferringAgent().fetch(consumer.url)).text();
  expect(provider.visits[0]!.referred).toBeDefined();
  // The same site as the provider, later in the chain.
  expect(provider2.visits[0]!.provided).toEqual(provider.visits[0]!.provided);
  expect(consumer.visits[1]!.referred ?? provider2.visits[0]!.referred).toBeUndefined();
});

test("servers of one site see one key as both [TBH-5.3-05]", async () => {
  const provider = await party("accounts.site.example");
  const consumer = await party(
    "www.site.example",
    redirect(() => provider.url),
  );
  await (await makeReferringAgent().fetch(consumer.url)).text();
  const [visit] = provider.visits;
  expect(visit!.referred!.tbh).toBe(visit!.provided!.tbh);
  expect(visit!.referred!.tbh).toBe(consumer.visits[0]!.provided!.tbh);
});
