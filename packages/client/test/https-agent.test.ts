import { AsyncLocalStorage } from "node:async_hooks";
import { once } from "node:events";
import http, { type ClientRequest, type IncomingMessage } from "node:http";
import https from "node:https";
import net from "node:net";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import tls from "node:tls";
import { encodeBase64url, type KeyParameters, TokenBindingError } from "@tokbind/codec";
import { certificate } from "@tokbind/testing";
import { listenInTest } from "@tokbind/testing/vitest";
import { describe, expect, test } from "vitest";
import { MemoryKeyStore, type SentRequest } from "../src/index.ts";
import { failure, storeOf } from "./support/agents.ts";
import { makeHttpsAgent, send } from "./support/https-agents.ts";
import { serve } from "./support/origin.ts";

/** Every error event of a request, until it is closed. */
async function errorsOf(request: ClientRequest): Promise<Error[]> {
  const errors: Error[] = [];
  request.on("error", (error) => errors.push(error));
  await new Promise((resolve) => request.once("close", resolve));
  await sleep(20);
  return errors;
}

describe("each request carries one header, signed for the socket that it travels on", () => {
  test("on a fresh socket, on one that is used again, and on one that a waiting request gets [TBH-2-01] [TBH-2-02]", async () => {
    const origin = await serve();
    const agent = makeHttpsAgent({ maxSockets: 2 });
    await Promise.all(Array.from({ length: 6 }, (_, i) => send(agent, `${origin.url}/${i}`)));
    await send(agent, origin.url);
    expect(origin.connections()).toBe(2);
    expect(origin.seen).toHaveLength(7);
    expect(origin.seen.every(({ id }) => id !== undefined)).toBe(true);
    expect(new Set(origin.seen.map(({ fields }) => fields[0])).size).toBe(2);
    expect(new Set(origin.seen.map(({ id }) => id)).size).toBe(1);
  });

  test("on a socket that is opened because another one closed", async () => {
    const origin = await serve({
      answer: (_incoming, response) => response.setHeader("connection", "close").end(),
    });
    const agent = makeHttpsAgent({ maxSockets: 1 });
    await Promise.all(Array.from({ length: 4 }, () => send(agent, origin.url)));
    expect(origin.connections()).toBe(4);
    expect(origin.seen.every(({ id }) => id !== undefined)).toBe(true);
  });

  test.each<KeyParameters>(["ecdsap256", "rsa2048_pss", "rsa2048_pkcs1.5"])("with %s", async (name) => {
    const origin = await serve({ keyParameters: [name] });
    await send(makeHttpsAgent(), origin.url);
    await send(makeHttpsAgent({ keyParameters: [name] }), origin.url);
    expect(origin.seen.map(({ negotiated, id }) => [negotiated, id !== undefined])).toEqual([
      [name, true],
      [name, true],
    ]);
  });

  test.each(["TLSv1.2", "TLSv1.3"] as const)("in a session that is resumed in %s", async (version) => {
    const origin = await serve({
      answer: (_incoming, response) => response.setHeader("connection", "close").end(),
    });
    const agent = makeHttpsAgent({ maxVersion: version, minVersion: version });
    for (let i = 0; i < 3; i++) await send(agent, origin.url);
    expect(origin.seen.map(({ resumed, id }) => [resumed, id !== undefined])).toEqual([
      [false, true],
      [true, true],
      [true, true],
    ]);
  });

  test("none where Token Binding was not negotiated", async () => {
    const origin = await serve({ keyParameters: [] });
    const agent = makeHttpsAgent();
    await send(agent, origin.url);
    await send(agent, origin.url);
    expect(origin.seen.map(({ fields }) => fields)).toEqual([[], []]);
  });

  test("whatever way the request is written, and its body arrives whole", async () => {
    const bodies: string[] = [];
    const origin = await serve({
      answer: (incoming, response) => {
        void text(incoming).then((body) => {
          bodies.push(body);
          response.end();
        });
      },
    });
    const agent = makeHttpsAgent();
    const big = "ü".repeat(300_000);
    const writes: ((request: ClientRequest) => void)[] = [
      (request) => request.end(),
      (request) => request.end("text"),
      (request) => request.end(Buffer.from("bytes")),
      (request) => request.end("ü € \u{1f511}"),
      (request) => {
        request.write("a");
        setTimeout(() => {
          request.write(Buffer.from("b"));
          request.end("c");
        }, 30);
      },
      (request) => {
        request.flushHeaders();
        setTimeout(() => request.end("late"), 30);
      },
      (request) => {
        request.setNoDelay(true);
        request.cork();
        request.write("corked ");
        request.write("twice");
        request.uncork();
        request.end();
      },
      (request) => {
        request.once("socket", () => request.end("at the event"));
      },
      (request) => {
        request.setHeader("expect", "100-continue");
        request.flushHeaders();
        request.once("continue", () => request.end("continued"));
      },
      (request) => {
        void (async () => {
          for (let i = 0; i < 10; i++) if (!request.write(big)) await once(request, "drain");
          request.end();
        })();
      },
    ];
    const expected = ["", "text", "bytes", "ü € \u{1f511}", "abc", "late", "corked twice", "at the event"];
    for (const write of writes) {
      const request = https.request(origin.url, { agent, method: "POST" });
      write(request);
      const [response] = (await once(request, "response")) as [IncomingMessage];
      await text(response);
    }
    expect(bodies).toEqual([...expected, "continued", big.repeat(10)]);
    expect(origin.seen.every(({ id }) => id !== undefined)).toBe(true);
  });

  test("header fields given as a list", async () => {
    const origin = await serve({ answer: (incoming, response) => response.end(incoming.rawHeaders.join()) });
    const headers = ["Host", "www.example.com", "X-One", "1", "x-one", "2"] as never;
    const answer = await send(makeHttpsAgent(), origin.url, { headers });
    expect(answer).toContain("X-One,1,x-one,2");
    expect(origin.seen[0]!.id).toBeDefined();
  });

  test("and its ClientRequest knows nothing of it: who copies its fields copies no proof", async () => {
    const origin = await serve();
    const request = https.request(origin.url, { agent: makeHttpsAgent() }).end();
    const [response] = (await once(request, "response")) as [IncomingMessage];
    await text(response);
    expect(origin.seen[0]!.id).toBeDefined();
    expect(request.getHeaderNames()).toEqual(["host"]);
    expect((request as unknown as { _header: string })._header).not.toMatch(/token-binding/i);
  });

  test("an upgrade", async () => {
    const origin = await serve();
    origin.server.on("upgrade", (incoming: IncomingMessage, socket: net.Socket) => {
      const id = String(incoming.headers["sec-token-binding"]);
      socket.write(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n${id}`);
      socket.pipe(socket);
    });
    const headers = { connection: "Upgrade", upgrade: "x" };
    const sent: SentRequest[] = [];
    const agent = makeHttpsAgent({ observe: (each) => sent.push(each) });
    const request = https.request(origin.url, { agent, headers }).end();
    const [, socket, head] = (await once(request, "upgrade")) as [unknown, tls.TLSSocket, Buffer];
    let received = head.toString();
    socket.on("data", (chunk: Buffer) => (received += chunk.toString()));
    socket.write("GET / HTTP/1.1\r\n\r\n");
    await expect.poll(() => received).toBe(`${sent[0]!.secTokenBinding}GET / HTTP/1.1\r\n\r\n`);
    socket.destroy();
  });
});

describe("the key", () => {
  test("belongs to the site, and to the name that is authenticated [A-51] [TBH-2-10] [TBH-2.1-01]", async () => {
    const origin = await serve();
    const keyStore = new MemoryKeyStore();
    const agent = makeHttpsAgent({ keyStore });
    const to = (host: string, options: https.RequestOptions = {}) =>
      send(agent, `https://${host}:${origin.port}/`, options);
    await to("www.example.com");
    await to("login.example.com");
    await to("www.example.org");
    await to("127.0.0.1");
    await to("127.0.0.1", { servername: "www.example.com" });
    await to("127.0.0.1", { headers: { host: "www.example.org" } });
    const id = async (scope: string) => encodeBase64url((await keyStore.get(scope, "ecdsap256")).id.bytes);
    const [com, org, address] = await Promise.all(["example.com", "example.org", "127.0.0.1"].map(id));
    expect(origin.seen.map((each) => each.id)).toEqual([com, com, org, address, com, org]);
    expect(new Set([com, org, address]).size).toBe(3);
    expect(origin.connections()).toBe(6);
  });

  test("of another scope function", async () => {
    const origin = await serve();
    const scopes: string[] = [];
    const agent = makeHttpsAgent({ scope: (url) => (scopes.push(url.href), url.hostname) });
    await send(agent, `https://www.example.com:${origin.port}/path`);
    await send(agent, `https://login.example.com:${origin.port}/`);
    expect(scopes).toEqual(["www", "login"].map((name) => `https://${name}.example.com:${origin.port}/`));
    expect(origin.seen[0]!.id).not.toBe(origin.seen[1]!.id);
  });

  test("is asked for with each request: a reset holds on a connection that is open", async () => {
    const origin = await serve();
    const keyStore = new MemoryKeyStore();
    const agent = makeHttpsAgent({ keyStore });
    await send(agent, origin.url);
    await send(agent, origin.url);
    await keyStore.delete("localhost");
    await send(agent, origin.url);
    expect(origin.connections()).toBe(1);
    const [first, second, third] = origin.seen.map(({ id }) => id);
    expect(first).toBe(second);
    expect(third).toBeDefined();
    expect(third).not.toBe(first);
  });

  test("that fails fails the request with key_store, once, and nothing else", async () => {
    const origin = await serve();
    const good = new MemoryKeyStore();
    let broken = true;
    const cause = new Error("out of order");
    const keyStore = storeOf((...args) => (broken ? Promise.reject(cause) : good.get(...args)));
    const agent = makeHttpsAgent({ keyStore, maxSockets: 1 });
    const requests = [1, 2].map(() => errorsOf(https.get(origin.url, { agent })));
    for (const errors of await Promise.all(requests)) {
      expect(errors).toMatchObject([{ code: "key_store", cause }]);
      expect(errors[0]).toBeInstanceOf(TokenBindingError);
    }
    expect(origin.seen).toHaveLength(0);
    broken = false;
    await send(agent, origin.url);
    broken = true;
    expect(await errorsOf(https.get(origin.url, { agent }))).toMatchObject([{ code: "key_store" }]);
    expect(origin.seen).toHaveLength(1);
  });

  test("is asked for, and observe called, in the asynchronous context of the request", async () => {
    const origin = await serve({
      answer: (_incoming, response) => response.setHeader("connection", "close").end(),
    });
    const context = new AsyncLocalStorage<number>();
    const contexts: unknown[] = [];
    const keys = new MemoryKeyStore();
    const agent = makeHttpsAgent({
      keyStore: storeOf((...args) => (contexts.push(context.getStore()), keys.get(...args))),
      observe: ({ url }) => contexts.push([context.getStore(), url.slice(-1)]),
      maxSockets: 1,
    });
    await Promise.all([0, 1, 2].map((i) => context.run(i, () => send(agent, `${origin.url}/${i}`))));
    expect(contexts).toEqual([0, 1, 2].flatMap((i) => [i, [i, String(i)]]));
  });
});

describe("observe", () => {
  test("sees each request with its connection", async () => {
    const origin = await serve();
    const sent: SentRequest[] = [];
    const agent = makeHttpsAgent({ observe: (each) => sent.push(each) });
    await send(agent, `${origin.url}/a?b`, { method: "PUT" });
    await send(agent, origin.url);
    expect(sent).toMatchObject([
      {
        method: "PUT",
        url: `${origin.url}/a?b`,
        proxy: undefined,
        negotiated: { keyParameters: "ecdsap256" },
      },
      { method: "GET", url: `${origin.url}/` },
    ]);
    expect(sent.map(({ secTokenBinding }) => secTokenBinding)).toEqual(
      origin.seen.map(({ fields }) => fields[0]),
    );
    expect(sent[0]!.socket).toBeInstanceOf(tls.TLSSocket);
    expect(sent[1]!.socket).toBe(sent[0]!.socket);
  });

  test("that throws fails the request, and a scope function as well", async () => {
    const origin = await serve();
    const cause = new Error("enough");
    const fail = () => {
      throw cause;
    };
    for (const options of [{ observe: fail }, { scope: fail }]) {
      const errors = await errorsOf(https.get(origin.url, { agent: makeHttpsAgent(options) }));
      expect(errors).toMatchObject([{ code: "invalid_argument", cause }]);
    }
    expect(origin.seen).toHaveLength(0);
  });
});

describe("a Sec-Token-Binding of the application's own is refused [TBH-7.2-01]", () => {
  const forms: [string, https.RequestOptions["headers"]][] = [
    ["as an object", { "Sec-Token-Binding": "AAAA" }],
    ["in another case", { "sEC-tOKEN-bINDING": "AAAA" }],
    ["as a list", ["Host", "localhost", "sec-token-binding", "AAAA"] as never],
    ["twice", { "sec-token-binding": ["AAAA", "BBBB"] }],
  ];
  test.each(forms)("%s", async (_how, headers) => {
    for (const keyParameters of [undefined, []]) {
      const origin = await serve(keyParameters ? { keyParameters } : {});
      const agent = makeHttpsAgent();
      const errors = await errorsOf(https.get(origin.url, { agent, headers }));
      expect(errors).toMatchObject([{ code: "invalid_argument" }]);
      expect(origin.seen).toHaveLength(0);
      await send(agent, origin.url);
    }
  });

  test("set later, and on a connection that is used again", async () => {
    const origin = await serve();
    const agent = makeHttpsAgent();
    await send(agent, origin.url);
    const request = https.request(origin.url, { agent });
    request.setHeader("Sec-Token-Binding", "AAAA");
    expect(await errorsOf(request.end())).toMatchObject([{ code: "invalid_argument" }]);
    expect(origin.seen).toHaveLength(1);
  });

  test("in a body it is a body", async () => {
    const origin = await serve();
    const body = "\r\nsec-token-binding: AAAA\r\n\r\n";
    expect(await send(makeHttpsAgent(), origin.url, { method: "POST" }, body)).toBe(body);
  });
});

describe("withoutTokenBinding", () => {
  test("is another agent with the same options, which offers nothing [TBH-X-03]", async () => {
    const origin = await serve();
    const agent = makeHttpsAgent({ maxSockets: 1 });
    const { withoutTokenBinding } = agent;
    expect(agent.withoutTokenBinding).toBe(withoutTokenBinding);
    expect(withoutTokenBinding.maxSockets).toBe(1);
    await send(agent, origin.url);
    await send(withoutTokenBinding, origin.url);
    await send(withoutTokenBinding, origin.url);
    await send(agent, origin.url);
    expect(origin.seen.map(({ negotiated }) => negotiated)).toEqual([
      "ecdsap256",
      undefined,
      undefined,
      "ecdsap256",
    ]);
    expect(origin.seen.map(({ resumed }) => resumed)).toEqual([false, false, false, false]);
    expect(origin.seen[1]!.fields).toEqual([]);
    expect(origin.connections()).toBe(2);
    agent.destroy();
    await expect.poll(() => origin.sockets.size).toBe(0);
  });

  test("carries CONNECT, which is for a proxy [TBH-X-05]", async () => {
    const origin = await serve();
    const heads: string[] = [];
    origin.server.on("connect", (incoming: IncomingMessage, socket: net.Socket) => {
      heads.push(incoming.rawHeaders.join().toLowerCase());
      socket.end("HTTP/1.1 200 OK\r\n\r\n");
    });
    const agent = makeHttpsAgent();
    await send(agent, origin.url);
    let connection: IncomingMessage | undefined;
    origin.server.on("connect", (incoming: IncomingMessage) => (connection = incoming));
    const request = https
      .request(origin.url, { agent, method: "CONNECT", path: "www.example.com:443" })
      .end();
    await once(request, "connect");
    expect(heads).toHaveLength(1);
    expect(heads[0]).not.toContain("token-binding");
    expect(origin.negotiatedOf(connection!)).toBeUndefined();
  });
});

describe("time", () => {
  /** Accepts connections and never says anything. */
  async function silentServer(): Promise<string> {
    return `https://localhost:${await listenInTest(net.createServer())}/`;
  }
  const timedOut = async (request: ClientRequest) => {
    request.once("timeout", () => request.destroy(new Error("too late")));
    expect(await errorsOf(request)).toMatchObject([{ message: "too late" }]);
  };

  test("timeout of the request, in a handshake that never ends", async () => {
    const agent = makeHttpsAgent();
    await timedOut(https.get(await silentServer(), { agent, timeout: 50 }));
  });

  test("setTimeout() of the request, in a handshake that never ends", async () => {
    const agent = makeHttpsAgent();
    await timedOut(https.get(await silentServer(), { agent }).setTimeout(50));
  });

  test("timeout of the agent, in a handshake that never ends", async () => {
    await timedOut(https.get(await silentServer(), { agent: makeHttpsAgent({ timeout: 50 }) }));
  });

  test("timeout of the request, while a key store thinks", async () => {
    const origin = await serve();
    const agent = makeHttpsAgent({ keyStore: storeOf(() => new Promise(() => undefined)) });
    await timedOut(https.get(origin.url, { agent, timeout: 100 }));
    expect(origin.seen).toHaveLength(0);
  });

  test("a request that is aborted or destroyed while its key is awaited fails with that, and nothing is sent", async () => {
    const origin = await serve();
    let release: () => void = () => undefined;
    const released = new Promise<void>((resolve) => (release = resolve));
    const keys = new MemoryKeyStore();
    let asked = 0;
    const keyStore = storeOf(async (...args) => {
      asked++;
      await released;
      return keys.get(...args);
    });
    const agent = makeHttpsAgent({ keyStore });
    const controller = new AbortController();
    const aborted = https.request(origin.url, { agent, signal: controller.signal, method: "POST" });
    aborted.end("x".repeat(100_000));
    const destroyed = https.request(origin.url, { agent, method: "POST" });
    destroyed.write("x");
    await expect.poll(() => asked).toBe(2);
    controller.abort();
    destroyed.destroy(new Error("enough"));
    const [first, second] = await Promise.all([errorsOf(aborted), errorsOf(destroyed)]);
    release();
    await sleep(50);
    expect(first).toMatchObject([{ name: "AbortError" }]);
    expect(second).toMatchObject([{ message: "enough" }]);
    expect(origin.seen).toHaveLength(0);
  });
});

describe("as an agent", () => {
  test("destroy() closes every connection, and works alone", async () => {
    const origin = await serve({ answer: () => undefined });
    const agent = makeHttpsAgent();
    // eslint-disable-next-line @typescript-eslint/unbound-method -- it is bound
    const { destroy } = agent;
    const sending = [1, 2].map(() => failure(send(agent, origin.url)));
    await expect.poll(() => origin.seen.length).toBe(2);
    destroy();
    for (const error of await Promise.all(sending)) expect(error).toMatchObject({ code: "ECONNRESET" });
    await expect.poll(() => origin.sockets.size).toBe(0);
  });

  test("an https agent for http is refused by Node, as any", () => {
    expect(() => http.request("http://localhost:1/", { agent: makeHttpsAgent() })).toThrow(/Protocol/);
  });

  test("a socket that somebody else has put into its pool carries no request unbound", async () => {
    const origin = await serve();
    const agent = makeHttpsAgent({ maxSockets: 1, observe: () => undefined });
    const name = { host: "localhost", port: origin.port, servername: "localhost" };
    const foreign = tls.connect({ ...name, ca: certificate.cert });
    await once(foreign, "secureConnect");
    const first = send(agent, origin.url);
    const second = https.get(origin.url, { agent });
    const errors = errorsOf(second);
    agent.emit("free", foreign, { ...agent.options, ...name });
    await first;
    expect(await errors).toMatchObject([{ code: "invalid_argument" }]);
    expect(origin.seen).toHaveLength(1);
  });

  test("a request's own TLS options hold, on connections of their own", async () => {
    const origin = await serve();
    const agent = makeHttpsAgent({ ca: undefined });
    expect(await failure(send(agent, origin.url))).toMatchObject({ code: "DEPTH_ZERO_SELF_SIGNED_CERT" });
    await send(agent, origin.url, { ca: certificate.cert });
    await send(agent, origin.url, { ca: certificate.cert, maxVersion: "TLSv1.2" });
    await send(agent, origin.url, { rejectUnauthorized: false });
    const checkServerIdentity = () => {
      throw "no"; // eslint-disable-line @typescript-eslint/only-throw-error -- what an application may do
    };
    const wrong = await errorsOf(
      https.get(origin.url, { agent, ca: certificate.cert, checkServerIdentity, minVersion: "TLSv1.3" }),
    );
    expect(wrong).toMatchObject([{ code: "invalid_argument" }]);
    expect(origin.seen.map(({ tlsVersion, id }) => [tlsVersion, id !== undefined])).toEqual([
      ["TLSv1.3", true],
      ["TLSv1.2", true],
      ["TLSv1.3", true],
    ]);
    for (const options of [
      { ca: "no PEM", minVersion: "TLSv9" },
      { servername: "a b" },
      { hostname: "a/b" },
    ]) {
      const errors = await errorsOf(https.get(origin.url, { agent, ...options } as https.RequestOptions));
      expect(errors).toMatchObject([{ code: "invalid_argument" }]);
    }
    const foreign = { agent, secureContext: tls.createSecureContext() } as https.RequestOptions;
    expect(() => https.get(origin.url, foreign)).toThrow(
      expect.objectContaining({ code: "invalid_argument" }) as Error,
    );
  });

  test("an option that fails fails each waiting request once, and the rest goes on", async () => {
    const origin = await serve();
    const agent = makeHttpsAgent({ maxTotalSockets: 1 });
    const slow = send(agent, origin.url);
    const options = { agent, minVersion: "TLSv9" } as unknown as https.RequestOptions;
    const failing = [1, 2].map(() => errorsOf(https.get(origin.url, options)));
    await slow;
    agent.destroy();
    for (const errors of await Promise.all(failing)) {
      expect(errors).toMatchObject([{ code: "invalid_argument" }]);
    }
    await send(agent, origin.url);
  });
});
