import { once } from "node:events";
import type { ServerHttp2Session } from "node:http2";
import net from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { listenInTest } from "@tokbind/testing/vitest";
import { Agent, EventSource, request, WebSocket } from "undici";
import { describe, expect, test } from "vitest";
import { type HttpOptions, TokenBindingAgent, type TokenBindingAgentOptions } from "../src/index.ts";
import { agentOptionNames } from "../src/agent/agent-options.ts";
import { failure, get, makeAgent, toLoopback } from "./support/agents.ts";
import { type Origin, type OriginOptions, serve } from "./support/origin.ts";

type Name = keyof TokenBindingAgentOptions;

/** Shown by tests of their own. */
// Its own, shown in tests of their own.
const own = [
  "keyStore",
  "keyParameters",
  "connect",
  "scope",
  "observe",
  "refer",
  "proxy",
  "proxyTls",
] as const;

const nothing: OriginOptions["answer"] = () => undefined;

async function agentAndOrigin(
  options: TokenBindingAgentOptions,
  origin: OriginOptions = {},
): Promise<[TokenBindingAgent, Origin]> {
  return [makeAgent(options), await serve({ http2: options.allowH2 ?? false, ...origin })];
}

const gone = (origin: Origin) => expect.poll(() => origin.sockets.size, { timeout: 5_000 }).toBe(0);

/** What each option does over HTTP/1.1 and HTTP/2, shown by something that would not be so without it. */
const both: Partial<Record<Name, (allowH2: boolean) => Promise<void>>> = {
  async allowH2(allowH2) {
    const [agent, origin] = await agentAndOrigin({ allowH2 }, { http2: true });
    await get(agent, origin.url);
    expect(origin.seen[0]!.httpVersion).toBe(allowH2 ? "2.0" : "1.1");
  },
  async bodyTimeout(allowH2) {
    const [agent, origin] = await agentAndOrigin(
      { allowH2, bodyTimeout: 50 },
      { answer: (_incoming, response) => response.write("a part") },
    );
    const { body } = await request(origin.url, { dispatcher: agent });
    expect(await failure(body.text())).toMatchObject({ code: "UND_ERR_BODY_TIMEOUT" });
  },
  async clientTtl(allowH2) {
    for (const [clientTtl, connections] of [
      [1, 3],
      [null, 1],
    ] as const) {
      const [agent, origin] = await agentAndOrigin({ allowH2, clientTtl });
      for (let i = 0; i < 3; i++) {
        await get(agent, origin.url);
        await sleep(5);
      }
      expect(origin.connections()).toBe(connections);
      await expect.poll(() => origin.sockets.size).toBe(1);
    }
  },
  async headersTimeout(allowH2) {
    const [agent, origin] = await agentAndOrigin({ allowH2, headersTimeout: 50 }, { answer: nothing });
    const error = await failure(request(origin.url, { dispatcher: agent }));
    expect(error).toMatchObject({ code: "UND_ERR_HEADERS_TIMEOUT" });
    expect(origin.seen).toHaveLength(1);
  },
  async keepAliveTimeout(allowH2) {
    const [agent, origin] = await agentAndOrigin({ allowH2, keepAliveTimeout: 20 });
    await get(agent, origin.url);
    await gone(origin);
  },
  async maxHeaderSize(allowH2) {
    const answer: OriginOptions["answer"] = (_incoming, response) => {
      response.setHeader("x-long", "x".repeat(500));
      response.end("ok");
    };
    const [agent, origin] = await agentAndOrigin({ allowH2, maxHeaderSize: 400 }, { answer });
    const error = await failure(request(origin.url, { dispatcher: agent }));
    expect(error).toMatchObject({ code: "UND_ERR_HEADERS_OVERFLOW" });
    expect(await get(makeAgent({ allowH2, maxHeaderSize: 4_000 }), origin.url)).toBe("ok");
  },
  async maxRequestsPerClient(allowH2) {
    const [agent, origin] = await agentAndOrigin({ allowH2, maxRequestsPerClient: 2 });
    for (let i = 0; i < 6; i++) await get(agent, origin.url);
    // undici counts from 0 over HTTP/1.1.
    expect(origin.connections()).toBe(allowH2 ? 3 : 2);
    await expect.poll(() => origin.sockets.size).toBe(0);
  },
  async maxResponseSize(allowH2) {
    const answer: OriginOptions["answer"] = (_incoming, response) => {
      response.write("x".repeat(60));
      response.end("x".repeat(60));
    };
    const [agent, origin] = await agentAndOrigin({ allowH2, maxResponseSize: 100 }, { answer });
    const read = (dispatcher: TokenBindingAgent) =>
      request(origin.url, { dispatcher }).then(({ body }) => body.text());
    expect(await failure(read(agent))).toMatchObject({ code: "UND_ERR_RES_EXCEEDED_MAX_SIZE" });
    for (const maxResponseSize of [-1, 120]) {
      expect(await read(makeAgent({ allowH2, maxResponseSize }))).toHaveLength(120);
    }
  },
  async strictContentLength(allowH2) {
    const [agent, origin] = await agentAndOrigin({ allowH2 });
    const options = { method: "POST", body: "four", headers: { "content-length": "3" } } as const;
    const error = await failure(request(origin.url, { ...options, dispatcher: agent }));
    expect(error).toMatchObject({ code: "UND_ERR_REQ_CONTENT_LENGTH_MISMATCH" });
    const warned = once(process, "warning");
    const lenient = makeAgent({ allowH2, strictContentLength: false, headersTimeout: 500 });
    const sending = request(origin.url, { ...options, dispatcher: lenient }).then(({ body }) => body.dump());
    expect((await warned)[0]).toMatchObject({ code: "UND_ERR_REQ_CONTENT_LENGTH_MISMATCH" });
    await Promise.allSettled([sending]);
  },
};

const sessionOf = async (origin: Origin): Promise<ServerHttp2Session> =>
  ((await once(origin.server, "session")) as [ServerHttp2Session])[0];

/** The same of those that are about one of the two, or about connections. */
const one: Partial<Record<Name, () => Promise<void>>> = {
  async autoSelectFamily() {
    const all: unknown[] = [];
    const lookup: net.LookupFunction = (name, options, callback) => {
      all.push(Boolean(options.all));
      toLoopback(name, options, callback);
    };
    for (const autoSelectFamily of [true, false]) {
      const [agent, origin] = await agentAndOrigin({ autoSelectFamily, connect: { lookup } });
      await get(agent, origin.url);
    }
    expect(all).toEqual([true, false]);
  },
  async autoSelectFamilyAttemptTimeout() {
    // node:net takes 10 for anything less, so only a wrong value shows that it arrives there.
    const agent = makeAgent({ autoSelectFamily: true, autoSelectFamilyAttemptTimeout: 0 });
    expect(await failure(request("https://localhost:1", { dispatcher: agent }))).toMatchObject({
      code: "ERR_OUT_OF_RANGE",
    });
  },
  async connectTimeout() {
    const port = await listenInTest(net.createServer());
    const error = (options: TokenBindingAgentOptions) =>
      failure(request(`https://localhost:${port}/`, { dispatcher: makeAgent(options) }));
    expect((await error({ connectTimeout: 50 })).message).toMatch(/ in 50 ms$/);
    expect((await error({ connectTimeout: 50, connect: { timeout: 60 } })).message).toMatch(/ in 60 ms$/);
  },
  async connectionWindowSize() {
    const [agent, origin] = await agentAndOrigin({ allowH2: true, connectionWindowSize: 777_777 });
    const session = sessionOf(origin);
    await get(agent, origin.url);
    await get(agent, origin.url);
    expect((await session).state.remoteWindowSize).toBeGreaterThan(700_000);
  },
  async connections() {
    for (const [connections, expected] of [
      [2, 2],
      [null, 6],
    ] as const) {
      const [agent, origin] = await agentAndOrigin({ connections });
      await Promise.all(Array.from({ length: 6 }, () => get(agent, origin.url)));
      expect(origin.connections()).toBe(expected);
    }
  },
  async eventSource() {
    const answer: OriginOptions["answer"] = (_incoming, response) => {
      response.setHeader("content-type", "text/event-stream");
      response.write("data: short\n\n");
      response.write(`data: ${"x".repeat(2_000)}\n\n`);
    };
    const heard = async (options: TokenBindingAgentOptions): Promise<string[]> => {
      const [agent, origin] = await agentAndOrigin(options, { answer });
      const source = new EventSource(origin.url, { node: { dispatcher: agent } });
      const lengths: string[] = [];
      source.onmessage = ({ data }: { data: string }) => lengths.push(String(data.length));
      source.onerror = () => lengths.push("error");
      await expect.poll(() => lengths.length, { timeout: 5_000 }).toBeGreaterThan(1);
      source.close();
      return lengths.slice(0, 2);
    };
    expect(await heard({})).toEqual(["5", "2000"]);
    expect(await heard({ eventSource: { maxEventSize: 100 } })).toEqual(["5", "error"]);
  },
  async initialWindowSize() {
    const [agent, origin] = await agentAndOrigin({ allowH2: true, initialWindowSize: 77_777 });
    const session = sessionOf(origin);
    await get(agent, origin.url);
    expect((await session).remoteSettings.initialWindowSize).toBe(77_777);
  },
  async keepAliveMaxTimeout() {
    const answer: OriginOptions["answer"] = (_incoming, response) => {
      response.setHeader("keep-alive", "timeout=100").end();
    };
    const [agent, origin] = await agentAndOrigin({ keepAliveMaxTimeout: 20 }, { answer });
    await get(agent, origin.url);
    await gone(origin);
  },
  async keepAliveTimeoutThreshold() {
    const answer: OriginOptions["answer"] = (_incoming, response) => {
      response.setHeader("keep-alive", "timeout=100").end();
    };
    const [agent, origin] = await agentAndOrigin({ keepAliveTimeoutThreshold: 99_980 }, { answer });
    await get(agent, origin.url);
    await gone(origin);
  },
  async localAddress() {
    const [agent, origin] = await agentAndOrigin({ localAddress: "127.0.0.9" });
    let address: string | undefined;
    origin.server.on("connection", (socket: net.Socket) => (address = socket.remoteAddress));
    await get(agent, origin.url);
    expect(address).toBe("127.0.0.9");
  },
  async maxCachedSessions() {
    const answer: OriginOptions["answer"] = (_incoming, response) => {
      response.setHeader("connection", "close").end();
    };
    const [agent, origin] = await agentAndOrigin({ maxCachedSessions: 0 }, { answer });
    for (let i = 0; i < 2; i++) await get(agent, origin.url);
    expect(origin.seen.map(({ resumed }) => resumed)).toEqual([false, false]);
  },
  async maxConcurrentStreams() {
    let now = 0;
    let most = 0;
    const answer: OriginOptions["answer"] = (_incoming, response) => {
      most = Math.max(most, ++now);
      setTimeout(() => {
        now--;
        response.end();
      }, 5);
    };
    const [agent, origin] = await agentAndOrigin({ allowH2: true, maxConcurrentStreams: 3 }, { answer });
    await Promise.all(Array.from({ length: 12 }, () => get(agent, origin.url)));
    expect(most).toBe(3);
    expect(origin.connections()).toBe(1);
  },
  async maxOrigins() {
    const [agent, origin] = await agentAndOrigin({ maxOrigins: 1 });
    await get(agent, origin.url);
    const other = request(origin.url.replace("localhost", "127.0.0.1"), { dispatcher: agent });
    expect(await failure(other)).toMatchObject({ code: "UND_ERR_MAX_ORIGINS_REACHED" });
    await get(agent, origin.url);
  },
  async pingInterval() {
    const [agent, origin] = await agentAndOrigin({ allowH2: true, pingInterval: 10 });
    const session = sessionOf(origin);
    await get(agent, origin.url);
    await once(await session, "ping");
  },
  async pipelining() {
    const waiting: (() => void)[] = [];
    const answer: OriginOptions["answer"] = (incoming, response) => {
      waiting.push(() => response.end(incoming.url));
      if (waiting.length === 3) for (const end of waiting) end();
    };
    // Three that are answered only once all of them have come over one connection.
    const [agent, origin] = await agentAndOrigin({ pipelining: 3, connections: 1 }, { answer });
    const sending = ["/1", "/2", "/3"].map(async (path) => {
      const { body } = await request(origin.url + path, { blocking: false, dispatcher: agent });
      return body.text();
    });
    expect(await Promise.all(sending)).toEqual(["/1", "/2", "/3"]);
    expect(origin.seen.every(({ id }) => id !== undefined)).toBe(true);
    expect(origin.connections()).toBe(1);

    const [closing, other] = await agentAndOrigin({ pipelining: 0 });
    for (let i = 0; i < 2; i++) await get(closing, other.url);
    expect(other.connections()).toBe(2);
  },
  async socketPath() {
    const agent = makeAgent({ socketPath: "/nowhere/at/all" });
    expect(await failure(request("https://localhost/", { dispatcher: agent }))).toMatchObject({
      code: "ENOENT",
    });
    const plain = request("http://localhost/", { dispatcher: agent });
    expect(await failure(plain)).toMatchObject({ code: "ENOENT" });
  },
  async webSocket() {
    const heard = async (options: TokenBindingAgentOptions): Promise<string> => {
      const [agent, origin] = await agentAndOrigin(options);
      origin.server.on("upgrade", (incoming, socket) => {
        const key = incoming.headers["sec-websocket-key"]!;
        void acceptKey(key).then((accept) => {
          const head = ["HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade"];
          socket.write([...head, `Sec-WebSocket-Accept: ${accept}`, "", ""].join("\r\n"));
          socket.write(Buffer.concat([Buffer.of(0x81, 100), Buffer.alloc(100, "x")]));
        });
      });
      const socket = new WebSocket(origin.url.replace("https", "wss"), { dispatcher: agent });
      return new Promise((resolve) => {
        socket.onmessage = ({ data }) => {
          resolve(`${(data as string).length}`);
          socket.close();
        };
        socket.onclose = ({ code }) => {
          resolve(`closed ${code}`);
        };
      });
    };
    expect(await heard({})).toBe("100");
    expect(await heard({ webSocket: { maxPayloadSize: 10 } })).toMatch(/^closed/);
  },
};

async function acceptKey(key: string): Promise<string> {
  const data = Buffer.from(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`);
  return Buffer.from(await crypto.subtle.digest("SHA-1", data)).toString("base64");
}

describe("every option that undici's Agent has too does the same", () => {
  describe.each([false, true])("allowH2: %j", (allowH2) => {
    test.each(Object.entries(both))("%s", async (_name, show) => {
      await show(allowH2);
    });
  });

  test.each(Object.entries(one))("%s", async (_name, show) => {
    await show();
  });

  test("each of them is shown", () => {
    const shown = [...own, ...Object.keys(both), ...Object.keys(one)];
    expect(shown.sort()).toEqual([...agentOptionNames].sort());
  });
});

// All that undici 7.30 and 8.13 document for Agent, Pool and Client and this agent does not have.
test.each([
  "factory",
  "interceptors",
  "h2Options",
  "useH2c",
  "useMilo",
  "tls",
  "keepAlive",
  "socketTimeout",
  "requestTimeout",
  "idleTimeout",
  "maxKeepAliveTimeout",
  "maxRedirections",
  "throwOnError",
  "preferH2",
])("%s is refused", (name) => {
  expect(() => new TokenBindingAgent({ [name]: true })).toThrow(
    expect.objectContaining({
      code: "invalid_argument",
      message: expect.stringContaining(`got "${name}"`) as string,
    }) as Error,
  );
});

const impossible: Record<keyof HttpOptions, unknown[]> = {
  bodyTimeout: [-1, 1.5, "1", Infinity],
  connectionWindowSize: [0, "1"],
  headersTimeout: [-1, 1.5, "1", Infinity],
  initialWindowSize: [0, 1.5],
  keepAliveMaxTimeout: [0, "1", Infinity],
  keepAliveTimeout: [0, "1", NaN],
  keepAliveTimeoutThreshold: ["1", Infinity],
  maxConcurrentStreams: [0, 1.5, "1"],
  maxHeaderSize: [0, -1, "16kb"],
  maxRequestsPerClient: [-1, 1.5],
  maxResponseSize: [-2, 1.5, "1"],
  pingInterval: [-1, "1"],
  pipelining: [-1, 1.5, "1"],
  strictContentLength: [0, "true"],
};

test.each(
  Object.entries({
    ...impossible,
    clientTtl: [0, "1"],
    connectTimeout: [-1, "1"],
    eventSource: [5, { maxEventSize: -1 }, { unknown: 1 }],
    maxOrigins: [0, -1, NaN, "1"],
    webSocket: [null, { maxPayloadSize: "1" }, { maxFragments: -1 }, { unknown: 1 }],
  }),
)("impossible values of %s", (name, values) => {
  for (const value of values) {
    expect(() => new TokenBindingAgent({ [name]: value })).toThrow(
      expect.objectContaining({ code: "invalid_argument" }) as Error,
    );
  }
});

test("stats tell the connections and requests of each origin, as undici's Agent does", async () => {
  const [agent, origin] = await agentAndOrigin({ connections: 2 }, { answer: nothing });
  const undici = new Agent();
  expect(agent.stats).toEqual(undici.stats);
  const [ended, plain] = await agentAndOrigin({});
  await get(ended, plain.url);
  expect(ended.stats).toEqual({
    [plain.url]: { connected: 1, free: 1, pending: 0, queued: 0, running: 0, size: 0 },
  });
  const failing = [1, 2, 3].map(() => failure(request(origin.url, { dispatcher: agent })));
  await expect.poll(() => origin.seen.length).toBe(2);
  expect(agent.stats).toEqual({
    [origin.url]: { connected: 2, free: 0, pending: 1, queued: 1, running: 2, size: 3 },
  });
  await agent.destroy();
  await Promise.all(failing);
  expect(agent.stats).toEqual({});
});
