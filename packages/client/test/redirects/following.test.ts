import http from "node:http";
import { listenInTest } from "@tokbind/testing/vitest";
import { interceptors, request } from "undici";
import { describe, expect, test } from "vitest";
import { failure } from "../support/agents.ts";
import { asks, makeReferringAgent, type Party, party, redirect, type Visit } from "./parties.ts";

const secrets = { authorization: "Bearer a", cookie: "a=b", "proxy-authorization": "Basic a" };

describe("agent.fetch follows as fetch does", () => {
  test.each([
    [301, "POST", "GET"],
    [302, "POST", "GET"],
    [303, "POST", "GET"],
    [303, "PUT", "GET"],
    [307, "POST", "POST"],
    [308, "POST", "POST"],
    [301, "PUT", "PUT"],
    [302, "DELETE", "DELETE"],
    [303, "HEAD", "HEAD"],
    [307, "GET", "GET"],
  ])("%j after %s: %s, and what is for one server stays there [TBH-5.5-01]", async (status, method, then) => {
    const provider = await party("provider.example");
    const consumer = await party("consumer.example", ({ path }, response) => {
      const location = path === "/" ? "/same" : provider.url;
      response.writeHead(status, { location, ...asks }).end();
    });
    const hasBody = !["GET", "HEAD", "DELETE"].includes(method);
    const response = await makeReferringAgent().fetch(consumer.url, {
      method,
      headers: {
        ...secrets,
        "x-own": "1",
        ...(hasBody && { "content-type": "text/x", "content-language": "en" }),
      },
      ...(hasBody && { body: "body" }),
    });
    await response.text();
    expect(response.redirected).toBe(true);
    const [same, other] = [consumer.visits[1]!, provider.visits[0]!];
    for (const visit of [same, other]) {
      expect(visit.method).toBe(then);
      expect(visit.referred).toBeDefined();
      expect(visit.headers["x-own"]).toBe("1");
      const keepsBody = hasBody && then === method;
      expect(visit.body).toBe(keepsBody ? "body" : "");
      expect("content-type" in visit.headers).toBe(keepsBody);
    }
    expect(same.headers).toMatchObject(secrets);
    for (const name of Object.keys(secrets)) expect(other.headers).not.toHaveProperty(name);
  });
});

/** Everything that could tell one server of another. */
function leaks(visits: readonly Visit[]): unknown[] {
  return visits.flatMap(({ headers, referred }) => [
    ...Object.keys(secrets).filter((name) => name in headers),
    ...(referred ? [referred] : []),
  ]);
}

describe("a hostile server", () => {
  test("in a loop costs one error", async () => {
    const consumer: Party = await party(
      "consumer.example",
      redirect(() => `${other.url}/`),
    );
    const other: Party = await party(
      "other.example",
      redirect(() => `${consumer.url}/`),
    );
    const agent = makeReferringAgent();
    expect(await failure(agent.fetch(consumer.url))).toMatchObject({
      cause: { message: "redirect count exceeded" },
    });
    expect(consumer.visits.length + other.visits.length).toBe(21);
    const dispatcher = agent.compose(interceptors.redirect({ maxRedirections: 5 }));
    expect((await failure(request(consumer.url, { dispatcher }))).message).toMatch(/loop/);
  });

  test("of https that leads to http learns and tells nothing", async () => {
    const seen: http.IncomingHttpHeaders[] = [];
    const plain = http.createServer((incoming, response) => {
      seen.push(incoming.headers);
      response.end("ok");
    });
    const port = await listenInTest(plain);
    const consumer = await party(
      "consumer.example",
      redirect(() => `http://consumer.example:${port}/`),
    );
    const agent = makeReferringAgent();
    expect(await (await agent.fetch(consumer.url, { headers: secrets })).text()).toBe("ok");
    const dispatcher = agent.compose(interceptors.redirect({ maxRedirections: 5 }));
    expect(await (await request(consumer.url, { dispatcher, headers: secrets })).body.text()).toBe("ok");
    expect(seen).toHaveLength(2);
    for (const headers of seen) {
      for (const name of ["sec-token-binding", ...Object.keys(secrets)])
        expect(headers).not.toHaveProperty(name);
    }
  });

  test("with more header fields than undici reads costs one error, and nothing is followed", async () => {
    const provider = await party("provider.example");
    const consumer = await party("consumer.example", (_visit, response) => {
      response.writeHead(302, { location: provider.url, ...asks, "x-bomb": "x".repeat(200_000) }).end();
    });
    const error = await failure(makeReferringAgent().fetch(consumer.url));
    expect(error.cause).toMatchObject({ code: "UND_ERR_HEADERS_OVERFLOW" });
    expect(provider.visits).toHaveLength(0);
  });

  test("with a name for a Location that it cannot have breaks nothing", async () => {
    const consumer = await party("consumer.example", ({ path }, response) => {
      response.writeHead(302, { location: decodeURIComponent(path.slice(1)), ...asks }).end();
    });
    const agent = makeReferringAgent();
    for (const location of ["https://[::", "https://a b/", "//", "https:///\\", "http://user:pass@"]) {
      const error = await failure(agent.fetch(`${consumer.url}/${encodeURIComponent(location)}`));
      expect(error).toBeInstanceOf(TypeError);
    }
  });

  test("that leads somewhere else than the client goes gets nothing there [A-54]", async () => {
    const provider = await party("provider.example");
    const elsewhere = await party("elsewhere.example");
    const consumer = await party(
      "consumer.example",
      redirect(() => provider.url),
    );
    // An interceptor that rewrites where redirects lead.
    const rewriting = makeReferringAgent().compose(
      (dispatch) => (options, handler) =>
        dispatch(
          { ...options, origin: options.origin === provider.url ? elsewhere.url : options.origin! },
          handler,
        ),
    );
    await (await rewriting.fetch(consumer.url, { headers: secrets })).text();
    expect(elsewhere.visits).toHaveLength(1);
    expect(leaks(elsewhere.visits)).toEqual([]);
  });
});
