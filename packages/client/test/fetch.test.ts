import { once } from "node:events";
import {
  type Dispatcher,
  FormData as UndiciFormData,
  getGlobalDispatcher,
  Headers as UndiciHeaders,
  interceptors,
  Request as UndiciRequest,
  request as undiciRequest,
} from "undici";
import { certificate } from "@tokbind/testing";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import type { TokenBindingAgent } from "../src/index.ts";
import { failure, makeAgent, storeOf } from "./support/agents.ts";
import { type Origin, type OriginOptions, serve } from "./support/origin.ts";

/** Answers with the form that came, as name: text or name: file name, type and text. */
const answerForm: OriginOptions["answer"] = (incoming, response) => {
  const body = new Response(incoming as never, {
    headers: { "content-type": incoming.headers["content-type"] ?? "" },
  });
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- of short forms
  void body.formData().then(
    async (form) => {
      const parts: Record<string, string> = {};
      for (const [name, value] of form) {
        parts[name] = typeof value === "string" ? value : `${value.name} ${value.type} ${await value.text()}`;
      }
      response.end(JSON.stringify(parts));
    },
    () => response.writeHead(400).end(),
  );
};

/** Answers with all that came. */
const answerAll: OriginOptions["answer"] = (incoming, response) => {
  void incoming.toArray().then((chunks) => {
    const { method, headers } = incoming;
    response.end(JSON.stringify({ method, headers, body: Buffer.concat(chunks as Buffer[]).toString() }));
  });
};

type WithFetch = Dispatcher & Pick<TokenBindingAgent, "fetch">;

const lastId = (origin: Origin) => origin.seen.at(-1)!.id;

describe("fetch without its agent", () => {
  test("carries Token Binding when it is taken off the agent [TBH-2-01]", async () => {
    const origin = await serve();
    const agent = makeAgent();
    const { fetch } = agent;
    const client = { fetch: agent.fetch };
    for (const send of [fetch, client.fetch.bind(undefined), (url: string) => client.fetch(url)]) {
      await (await send(origin.url)).text();
      expect(lastId(origin)).toBeDefined();
    }
  });

  test("takes the place of the global one", async () => {
    const origin = await serve();
    const before = globalThis.fetch;
    globalThis.fetch = makeAgent().fetch;
    onTestFinished(() => {
      globalThis.fetch = before;
    });
    await (await fetch(origin.url)).text();
    expect(lastId(origin)).toBeDefined();
  });

  test("of an agent with interceptors uses them", async () => {
    const origin = await serve({
      answer: (incoming, response) => {
        response.end(incoming.url);
      },
    });
    const agent = makeAgent();
    const composed = agent.compose(
      (dispatch) => (options, handler) => dispatch({ ...options, path: "/intercepted" }, handler),
    ) as unknown as WithFetch;
    expect(await (await composed.fetch(origin.url)).text()).toBe("/intercepted");
    expect(lastId(origin)).toBeDefined();
    expect(await (await agent.fetch(origin.url)).text()).toBe("/");
  });

  test("dispatch and request without their agent send nothing", async () => {
    const origin = await serve();
    const agent = makeAgent();
    // eslint-disable-next-line @typescript-eslint/unbound-method -- the mistake itself
    const { request, dispatch } = agent;
    const error = await failure(
      Promise.resolve().then(() => request({ origin: origin.url, path: "/", method: "GET" })),
    );
    expect(error).toBeInstanceOf(TypeError);
    const errors: Error[] = [];

    dispatch(
      { origin: origin.url, path: "/", method: "GET" },
      { onError: (each: Error) => errors.push(each) },
    );
    expect(errors).toEqual([expect.any(TypeError)]);
    expect(origin.seen).toHaveLength(0);
  });

  test("is not talked out of its agent by an option", async () => {
    const origin = await serve();
    await (await makeAgent().fetch(origin.url, { dispatcher: getGlobalDispatcher() })).text();
    expect(lastId(origin)).toBeDefined();
  });
});

const platform = { FormData, Headers, Request };
const undici = { FormData: UndiciFormData, Headers: UndiciHeaders, Request: UndiciRequest };
const kinds = [
  ["the platform", platform],
  ["undici", undici as unknown as typeof platform],
] as const;

describe.each(kinds)("objects of %s", (_name, { FormData, Headers, Request }) => {
  test("FormData with text, Blob and File", async () => {
    const origin = await serve({ answer: answerForm });
    const agent = makeAgent();
    const form = new FormData();
    form.append("text", "ä");
    form.append("blob", new Blob(["b"], { type: "text/x-b" }), "b.txt");
    form.append("file", new File(["f"], "f.txt", { type: "text/x-f" }));
    const expected = { text: "ä", blob: "b.txt text/x-b b", file: "f.txt text/x-f f" };

    const answer = await agent.fetch(origin.url, { method: "POST", body: form });
    expect(await answer.json()).toEqual(expected);
    const asked = await agent.fetch(new Request(origin.url, { method: "POST", body: form }));
    expect(await asked.json()).toEqual(expected);
    const mixed = await agent.fetch(new Request(origin.url, { method: "POST" }), { body: form });
    expect(await mixed.json()).toEqual(expected);
    const sent = await undiciRequest(origin.url, { method: "POST", dispatcher: agent, body: form as never });
    expect(await sent.body.json()).toEqual(expected);
    expect(origin.seen.every(({ id }) => id !== undefined)).toBe(true);
  });

  test("a Request keeps its method, header fields and body", async () => {
    const origin = await serve({ answer: answerAll });
    const agent = makeAgent();
    const headers = new Headers({ "x-test": "1" });
    headers.append("accept", "text/plain");
    headers.append("accept", "text/html");
    const request = new Request(`${origin.url}/path?query`, { method: "PUT", headers, body: "body" });
    const answer = (await (await agent.fetch(request)).json()) as Record<string, unknown>;
    expect(answer).toMatchObject({
      method: "PUT",
      headers: { "x-test": "1", accept: "text/plain, text/html", "content-type": "text/plain;charset=UTF-8" },
      body: "body",
    });
    expect(origin.seen[0]!.path).toBe("/path?query");
    expect(request.bodyUsed).toBe(true);
    expect(await failure(agent.fetch(request))).toBeInstanceOf(TypeError);
  });

  test("an init says more than a Request, and may itself be a Request", async () => {
    const origin = await serve({ answer: answerAll });
    const agent = makeAgent();
    const request = () =>
      new Request(origin.url, { method: "PUT", headers: { "x-test": "1" }, body: "body" });
    const other = await agent.fetch(request(), {
      method: "POST",
      body: "other",
      headers: new Headers({ "x-other": "2" }),
    });
    const shown = (await other.json()) as { headers: object };
    expect(shown).toMatchObject({ method: "POST", body: "other", headers: { "x-other": "2" } });
    expect(shown.headers).not.toHaveProperty("x-test");
    const twice = await agent.fetch(origin.url, request() as RequestInit);
    expect(await twice.json()).toMatchObject({ method: "PUT", body: "body", headers: { "x-test": "1" } });
  });

  test("bytes that are there have a length, and go where a redirect wants them [TBH-2-01]", async () => {
    const bodies = () => ["text", new Blob(["text"]), new URLSearchParams("text=")];
    const origin = await serve({
      answer: (incoming, response) => {
        if (incoming.url === "/") response.writeHead(307, { location: "/next" }).end();
        else answerAll(incoming, response);
      },
    });
    const agent = makeAgent();
    for (const body of bodies()) {
      const request = new Request(origin.url, { method: "POST", body });
      const answer = await agent.fetch(request);
      const length = String(body instanceof URLSearchParams ? 5 : 4);
      const seen = (await answer.json()) as { headers: object; body: string };
      expect(seen).toMatchObject({ headers: { "content-length": length } });
      expect(seen.body).toMatch(/^text=?$/);
    }
    expect(origin.seen).toHaveLength(6);
    expect(origin.seen.every(({ id }) => id !== undefined)).toBe(true);
  });

  test("credentials: omit, of a Request and of an init, travels where Token Binding was not offered [A-29]", async () => {
    const origin = await serve();
    const agent = makeAgent();
    await (await agent.fetch(origin.url)).text();
    await (await agent.fetch(new Request(origin.url, { credentials: "omit" }))).text();
    await (await agent.fetch(new Request(origin.url), { credentials: "omit" })).text();
    await (await agent.fetch(origin.url, { credentials: "omit" })).text();
    await (await agent.fetch(origin.url)).text();
    expect(origin.seen.map(({ negotiated }) => negotiated)).toEqual([
      "ecdsap256",
      undefined,
      undefined,
      undefined,
      "ecdsap256",
    ]);
    expect(origin.seen.slice(1, 4).map(({ fields, resumed }) => [fields, resumed])).toEqual(
      Array(3).fill([[], false]),
    );
    expect(origin.connections()).toBe(2);
  });

  test("the answer is the platform's [A-49]", async () => {
    const origin = await serve();
    const answer = await makeAgent().fetch(new Request(`${origin.url}/path`));
    expect(answer).toBeInstanceOf(globalThis.Response);
    expect(answer.clone()).toBeInstanceOf(globalThis.Response);
    expect(answer.headers).toBeInstanceOf(globalThis.Headers);
    expect(answer).toMatchObject({ url: `${origin.url}/path`, ok: true, redirected: false });
  });

  test("a stream is sent as it comes", async () => {
    const origin = await serve();
    const agent = makeAgent();
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
    const writer = writable.getWriter();
    const request = new Request(origin.url, {
      method: "POST",
      body: readable,
      duplex: "half",
    });
    const arrived = once(origin.server, "request");
    const answering = agent.fetch(request);
    await writer.write(Buffer.from("first "));
    await arrived;
    await writer.write(Buffer.from("last"));
    await writer.close();
    expect(await (await answering).text()).toBe("first last");
  });

  test("the signal of a Request aborts", async () => {
    const origin = await serve({ answer: (_incoming, response) => response.write("never ends") });
    const agent = makeAgent();
    const controller = new AbortController();
    const response = await agent.fetch(new Request(origin.url, { signal: controller.signal }));
    controller.abort();
    expect((await failure(response.text())).name).toBe("AbortError");
    expect((await failure(agent.fetch(new Request(origin.url, { signal: controller.signal })))).name).toBe(
      "AbortError",
    );
  });

  test("a Request keeps what it says of redirects, and its own Sec-Token-Binding is refused [TBH-7.2-01]", async () => {
    const origin = await serve({
      answer: (_incoming, response) => response.writeHead(302, { location: "/" }).end(),
    });
    const agent = makeAgent();
    const manual = await agent.fetch(new Request(origin.url, { redirect: "manual" }));
    expect(manual.status).toBe(302);
    const error = await failure(agent.fetch(new Request(origin.url, { redirect: "error" })));
    expect(error).toBeInstanceOf(TypeError);
    const own = await failure(
      agent.fetch(new Request(origin.url, { headers: { "sec-token-binding": "x" } })),
    );
    expect(own.cause).toMatchObject({ code: "invalid_argument" });
  });
});

test("credentials: omit goes through interceptors and redirects [A-29]", async () => {
  const origin = await serve({
    answer: (incoming, response) => {
      if (incoming.url === "/") response.writeHead(302, { location: "/next" }).end();
      else response.end();
    },
  });
  const composed = makeAgent().compose(interceptors.retry(), interceptors.dns()) as unknown as WithFetch;
  await (await composed.fetch(origin.url, { credentials: "omit" })).text();
  expect(origin.seen.map(({ negotiated }) => negotiated)).toEqual([undefined, undefined]);
});

test("fetch in the place of the platform's does not become what another copy of this package stands on", async () => {
  const origin = await serve();
  const before = globalThis.fetch;
  globalThis.fetch = makeAgent({ keyStore: storeOf(() => expect.fail("the wrong agent")) }).fetch;
  onTestFinished(() => {
    globalThis.fetch = before;
  });
  vi.resetModules();
  const { TokenBindingAgent: Other } = await import("../src/index.ts");
  const other = new Other({ connect: { ca: certificate.cert } });
  onTestFinished(() => other.destroy());
  await (await other.fetch(origin.url)).text();
  expect(lastId(origin)).toBeDefined();
});

test("a Request that was read is refused, and nothing is thrown at once", async () => {
  const origin = await serve();
  const agent = makeAgent();
  const request = new UndiciRequest(origin.url, { method: "POST", body: "text" });
  await request.text();
  const fetching = agent.fetch(request);
  expect(await failure(fetching)).toBeInstanceOf(TypeError);
  const init = Object.defineProperty({}, "method", { get: () => expect.fail("no method") });
  expect(await failure(agent.fetch(origin.url, init as RequestInit))).toBeInstanceOf(Error);
  expect(origin.seen).toHaveLength(0);
});

test("interceptors see requests of fetch and the header is added after them", async () => {
  const origin = await serve({ answer: (_incoming, response) => response.end("ok") });
  const agent = makeAgent();
  const composed = agent.compose(interceptors.dump(), interceptors.retry()) as unknown as WithFetch;
  await (await composed.fetch(origin.url)).text();
  expect(lastId(origin)).toBeDefined();
});
