import http from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { certificate } from "@tokbind/testing";
import { listenInTest } from "@tokbind/testing/vitest";
import { Agent, request } from "undici";
import { describe, expect, onTestFinished, test } from "vitest";
import {
  type SentRequest,
  TokenBindingAgent,
  TokenBindingError,
  TokenBindingHttpsAgent,
} from "../src/index.ts";
import { failure, makeAgent, toLoopback } from "./support/agents.ts";
import { serveProxy } from "./support/forward-proxy.ts";
import { makeHttpsAgent, send } from "./support/https-agents.ts";
import { serve } from "./support/origin.ts";
import { proxiedClients } from "./support/proxied-clients.ts";

const clients = Object.entries(proxiedClients);
const proxyTls = { ca: certificate.cert };
const authorization = `Basic ${Buffer.from("al:ice").toString("base64")}`;

/** Sets variables of the environment for the length of a test; all others of a proxy are unset. */
function setEnvironment(variables: Record<string, string>): void {
  const names = ["HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY", "ALL_PROXY"];
  const all = names.flatMap((name) => [name, name.toLowerCase()]);
  const before = all.map((name) => [name, process.env[name]] as const);
  const set = (name: string, value: string | undefined) => {
    if (value === undefined) Reflect.deleteProperty(process.env, name);
    else process.env[name] = value;
  };
  for (const name of all) set(name, variables[name]);
  onTestFinished(() => {
    for (const each of before) set(...each);
  });
}

describe.each(clients)("%s through a proxy", (_name, client) => {
  test.each([false, true])(
    "reached over https: %j: Token Binding is negotiated with the origin, and never offered to the proxy [TBH-X-05]",
    async (isHttps) => {
      const proxy = await serveProxy({ isHttps });
      const origin = await serve();
      const sent: SentRequest[] = [];
      const options = { proxy: proxy.url, observe: (each: SentRequest) => sent.push(each) };
      const get = client({ ...options, ...(isHttps && { proxyTls }) });
      await get(`https://www.example.com:${origin.port}/a`);
      await get(`https://www.example.com:${origin.port}/b`);
      await get(`https://www.example.org:${origin.port}/c`);
      expect(proxy.seen.map(({ method, url, isBound }) => [method, url, isBound])).toEqual([
        ["CONNECT", `www.example.com:${origin.port}`, false],
        ["CONNECT", `www.example.org:${origin.port}`, false],
      ]);
      const heads = proxy.seen.map(({ rawHeaders }) => rawHeaders.join(" ").toLowerCase());
      expect(heads).toEqual(proxy.seen.map(({ url }) => `host ${url}`));
      expect(origin.connections()).toBe(2);
      expect(origin.seen.map(({ servername, id }) => [servername, id !== undefined])).toEqual([
        ["www.example.com", true],
        ["www.example.com", true],
        ["www.example.org", true],
      ]);
      expect(origin.seen[0]!.id).not.toBe(origin.seen[2]!.id);
      expect(sent.map((each) => each.proxy)).toEqual([proxy.url, proxy.url, proxy.url]);
    },
  );

  test("with credentials, percent-encoded in its URL", async () => {
    const proxy = await serveProxy({ authorization });
    const origin = await serve();
    const url = (credentials: string) => `http://${credentials}127.0.0.1:${proxy.port}`;
    await client({ proxy: url("al:%69ce@") })(origin.url);
    await client({ proxy: new URL(url("al:ice@")) })(origin.url);
    expect(origin.seen.every(({ id }) => id !== undefined)).toBe(true);
    for (const [credentials, hint] of [
      ["", "credentials are needed"],
      ["al:s3cr3t@", "other credentials"],
    ] as const) {
      const error = await failure(client({ proxy: url(credentials) })(origin.url));
      expect(error).toBeInstanceOf(TokenBindingError);
      expect(error).toMatchObject({ code: "proxy_failed" });
      expect(error.message).toContain(`proxy ${proxy.url}: expected a tunnel to localhost:${origin.port}`);
      expect(error.message).toContain(`status 407: ${hint}`);
      expect(error.message).not.toContain("s3cr3t");
    }
    expect(origin.seen).toHaveLength(2);
  });

  test("is not used because the environment names one [A-50]", async () => {
    const proxy = await serveProxy();
    const origin = await serve();
    setEnvironment({ HTTPS_PROXY: proxy.url, https_proxy: proxy.url });
    const sent: SentRequest[] = [];
    await client({ observe: (each) => sent.push(each) })(origin.url);
    expect(proxy.seen).toHaveLength(0);
    expect(sent).toMatchObject([{ proxy: undefined }]);
  });

  test("of the environment on request: in either case, the lower one first [A-50]", async () => {
    const [proxy, other] = [await serveProxy(), await serveProxy()];
    const origin = await serve();
    for (const variables of [
      { HTTPS_PROXY: proxy.url },
      { https_proxy: proxy.url },
      { https_proxy: proxy.url, HTTPS_PROXY: other.url },
      { https_proxy: "", HTTPS_PROXY: proxy.url },
      { HTTPS_PROXY: proxy.url, NO_PROXY: "" },
      { HTTPS_PROXY: proxy.url, NO_PROXY: "example.com,127.0.0.1" },
    ]) {
      setEnvironment(variables);
      await client({ proxy: "environment" })(origin.url);
    }
    expect(proxy.seen).toHaveLength(6);
    expect(other.seen).toHaveLength(0);
  });

  test("that NO_PROXY leaves out, or that the environment does not name, is seen by observe", async () => {
    const proxy = await serveProxy();
    const origin = await serve();
    const proxies: unknown[] = [];
    const observe = (each: SentRequest) => proxies.push(each.proxy);
    for (const variables of [
      { HTTPS_PROXY: proxy.url, NO_PROXY: "example.org, localhost" },
      { HTTPS_PROXY: proxy.url, no_proxy: `localhost:${origin.port}` },
      { HTTP_PROXY: proxy.url },
      {},
      { HTTPS_PROXY: proxy.url },
    ]) {
      setEnvironment(variables);
      await client({ proxy: "environment", observe })(origin.url);
    }
    expect(proxies).toEqual([undefined, undefined, undefined, undefined, proxy.url]);
    expect(proxy.seen).toHaveLength(1);
  });

  test("that changes in the environment later: it is read once [A-50]", async () => {
    const proxy = await serveProxy();
    const origin = await serve();
    setEnvironment({ HTTPS_PROXY: proxy.url });
    const get = client({ proxy: "environment" });
    setEnvironment({});
    await get(origin.url);
    expect(proxy.seen).toHaveLength(1);
  });

  test("whose certificate is not trusted, or that is not there", async () => {
    const proxy = await serveProxy({ isHttps: true });
    const origin = await serve();
    // What is trusted at origins is not at a proxy.
    const untrusted = await failure(client({ proxy: proxy.url })(origin.url));
    expect(untrusted).toMatchObject({
      code: "proxy_failed",
      cause: { code: "DEPTH_ZERO_SELF_SIGNED_CERT" },
    });
    await client({ proxy: proxy.url, proxyTls: { rejectUnauthorized: false } })(origin.url);
    const misnamed = { ca: certificate.cert, servername: "proxy.example" };
    expect(await failure(client({ proxy: proxy.url, proxyTls: misnamed })(origin.url))).toMatchObject({
      cause: { code: "ERR_TLS_CERT_ALTNAME_INVALID" },
    });
    const named = { ca: certificate.cert, servername: "www.example.com" };
    await client({ proxy: proxy.url, proxyTls: named })(origin.url);
    const nobody = await failure(client({ proxy: "http://127.0.0.1:1" })(origin.url));
    expect(nobody).toMatchObject({ code: "proxy_failed", cause: { code: "ECONNREFUSED" } });
    expect(nobody.message).toBe(
      "proxy http://127.0.0.1:1: expected a connection, got connect ECONNREFUSED 127.0.0.1:1",
    );
  });

  test("to an origin whose certificate is not trusted fails as it does directly", async () => {
    const proxy = await serveProxy();
    const origin = await serve();
    const error = await failure(client({ proxy: proxy.url })(`https://wrong.example:${origin.port}/`));
    expect(error).toMatchObject({ code: "ERR_TLS_CERT_ALTNAME_INVALID" });
    expect(origin.seen).toHaveLength(0);
    await expect.poll(() => proxy.sockets.size).toBe(0);
  });
});

describe("TokenBindingAgent", () => {
  test("over HTTP/2 through the tunnel", async () => {
    const proxy = await serveProxy();
    const origin = await serve({ http2: true });
    const agent = makeAgent({ proxy: proxy.url, allowH2: true });
    await Promise.all([1, 2, 3].map(() => agent.fetch(origin.url).then((response) => response.text())));
    expect(origin.seen.map(({ httpVersion, id }) => [httpVersion, id !== undefined])).toEqual(
      Array(3).fill(["2.0", true]),
    );
    expect(proxy.seen).toHaveLength(1);
  });

  test.each([false, true])(
    "http goes through a proxy over https: %j as well, in absolute form",
    async (isHttps) => {
      const proxy = await serveProxy({ isHttps, authorization });
      const hosts: unknown[] = [];
      const server = http.createServer((incoming, response) => {
        hosts.push([incoming.headers.host, incoming.headers["proxy-authorization"], incoming.url]);
        incoming.pipe(response);
      });
      const port = await listenInTest(server);
      const url = new URL(proxy.url);
      [url.username, url.password] = ["al", "ice"];
      const agent = makeAgent({ proxy: url, ...(isHttps && { proxyTls }) });
      const response = await agent.fetch(`http://www.example.com:${port}/a?b`, {
        method: "POST",
        body: "body",
      });
      expect(await response.text()).toBe("body");
      await (
        await request(`http://www.example.com:${port}/`, { dispatcher: agent, query: { q: "1" } })
      ).body.text();
      expect(hosts).toEqual([
        [`www.example.com:${port}`, undefined, "/a?b"],
        [`www.example.com:${port}`, undefined, "/?q=1"],
      ]);
      expect(proxy.seen.map((each) => [each.method, each.url, each.isBound])).toEqual([
        ["POST", `http://www.example.com:${port}/a?b`, false],
        ["GET", `http://www.example.com:${port}/?q=1`, false],
      ]);
    },
  );

  test("http goes through HTTP_PROXY of the environment, unless NO_PROXY says otherwise", async () => {
    const proxy = await serveProxy();
    const server = http.createServer((_incoming, response) => response.end());
    const port = await listenInTest(server);
    const get = async () => {
      const agent = makeAgent({ proxy: "environment", connect: { lookup: toLoopback } });
      await (await agent.fetch(`http://www.example.com:${port}/`)).text();
    };
    setEnvironment({ HTTP_PROXY: proxy.url, HTTPS_PROXY: "http://127.0.0.1:1" });
    await get();
    setEnvironment({ http_proxy: proxy.url, NO_PROXY: ".example.com" });
    await get();
    expect(proxy.seen).toHaveLength(1);
  });

  test("http with a proxy that is not there fails with proxy_failed", async () => {
    const error = await failure(
      request("http://www.example.com/", { dispatcher: makeAgent({ proxy: "http://127.0.0.1:1" }) }),
    );
    expect(error).toMatchObject({ code: "proxy_failed" });
  });

  test("a CONNECT of the application goes through the proxy, too", async () => {
    const proxy = await serveProxy();
    const other = await serveProxy({ isHttps: true });
    const origin = await serve();
    const agent = makeAgent({ proxy: proxy.url });
    const { socket, statusCode } = await agent.connect({
      origin: `https://localhost:${other.port}`,
      path: `localhost:${origin.port}`,
    });
    expect(statusCode).toBe(200);
    expect(other.seen.map(({ isBound }) => isBound)).toEqual([false]);
    expect(proxy.seen.map(({ url }) => url)).toEqual([`localhost:${other.port}`]);
    socket.destroy();
  });
});

describe("TokenBindingHttpsAgent", () => {
  test("without Token Binding goes through the proxy as well", async () => {
    const proxy = await serveProxy();
    const origin = await serve();
    await send(makeHttpsAgent({ proxy: proxy.url }).withoutTokenBinding, origin.url);
    expect(origin.seen).toMatchObject([{ negotiated: undefined, fields: [] }]);
    expect(proxy.seen).toHaveLength(1);
  });

  test("large bodies, waiting requests, resumed sessions", async () => {
    const proxy = await serveProxy();
    const origin = await serve();
    const agent = makeHttpsAgent({ proxy: proxy.url, maxSockets: 2 });
    const body = "x".repeat(3_000_000);
    const sending = Array.from({ length: 4 }, () => send(agent, origin.url, { method: "POST" }, body));
    for (const answer of await Promise.all(sending)) expect(answer.length).toBe(body.length);
    expect(origin.connections()).toBe(2);
    for (const { sockets } of [origin]) for (const socket of sockets) socket.destroy();
    await expect.poll(() => Object.keys(agent.freeSockets)).toEqual([]);
    await send(agent, origin.url);
    expect(origin.seen.at(-1)).toMatchObject({ resumed: true, id: expect.any(String) as string });
    expect(origin.seen.every(({ id }) => id !== undefined)).toBe(true);
    agent.destroy();
    await expect.poll(() => proxy.sockets.size).toBe(0);
  });

  test("no way around the proxy", async () => {
    const proxy = await serveProxy();
    const agent = makeHttpsAgent({ proxy: proxy.url });
    for (const options of [{ socketPath: "/nowhere" }, { socket: {} }]) {
      const sending = () => send(agent, "https://localhost/", options);
      expect(await failure(sending())).toMatchObject({ code: "invalid_argument" });
    }
    expect(await failure(send(agent, "https://localhost/", { hostname: "a b" }))).toMatchObject({
      code: "invalid_argument",
    });
    await sleep(20);
    expect(proxy.seen).toHaveLength(0);
  });

  test("idle tunnels do not keep the process from ending", async () => {
    const proxy = await serveProxy();
    const origin = await serve();
    const agent = makeHttpsAgent({ proxy: proxy.url });
    const sockets = () => process.getActiveResourcesInfo().filter((name) => name === "TCPSocketWrap").length;
    await send(agent, origin.url);
    // Those of the origin and of the proxy, two each way, keep it; ours does not.
    const idle = sockets();
    const busy = send(agent, origin.url);
    await new Promise(setImmediate);
    expect(sockets()).toBe(idle + 1);
    await busy;
    await expect.poll(sockets).toBe(idle);
  });
});

describe("what is no proxy is refused in the constructor", () => {
  const makers = { TokenBindingAgent, TokenBindingHttpsAgent };
  describe.each(Object.entries(makers))("%s", (name, Maker) => {
    const refused = (options: object): TokenBindingError => {
      try {
        new Maker(options);
      } catch (error) {
        expect(error).toBeInstanceOf(TokenBindingError);
        expect(error).toMatchObject({ code: "invalid_argument" });
        return error as TokenBindingError;
      }
      return expect.fail("expected a failure");
    };

    test.each([
      "proxy.example:3128",
      "socks5://alice:s3cr3t@proxy.example",
      "http://",
      "",
      "alice:s3cr3t@proxy.example",
      "http://alice:s3cr3t@proxy.example/path",
      "http://alice:s3cr3t@proxy.example?query",
      "http://alice:s3cr3t%ff@proxy.example",
      "http://al%3Aice:s3cr3t@proxy.example",
    ])("%s", (proxy) => {
      const { message } = refused({ proxy });
      expect(message).toContain(
        `${name}: proxy: expected a URL such as http://user:password@proxy.example:3128`,
      );
      expect(message).not.toContain("s3cr3t");
      if (proxy === "") return;
      setEnvironment({ https_proxy: proxy });
      const inEnvironment = refused({ proxy: "environment" }).message;
      expect(inEnvironment).toContain(`${name}: proxy: https_proxy: expected a URL`);
      expect(inEnvironment).not.toContain("s3cr3t");
    });

    test.each([
      [{ proxy: true }, 'expected "environment" or the URL of a proxy'],
      [{ proxy: ["http://proxy.example"] }, 'expected "environment" or the URL of a proxy'],
      [{ proxy: new Agent() }, 'expected "environment" or the URL of a proxy'],
      [{ proxy: "https://proxy.example", proxyTls: null }, "proxyTls"],
      [{ proxy: "https://proxy.example", proxyTls: { secureContext: 1 } }, 'got "secureContext"'],
      [{ proxy: "https://proxy.example", proxyTls: { ca: 5 } }, "proxyTls: ca"],
      [
        { proxy: "https://proxy.example", proxyTls: { cert: "no PEM" } },
        "proxyTls: expected options that make",
      ],
      [
        { proxy: "http://proxy.example", proxyTls },
        "proxyTls: expected none without a proxy that is reached",
      ],
      [{ proxyTls }, "proxyTls: expected none without a proxy that is reached"],
      [{ proxyEnv: process.env }, "proxyEnv"],
    ])("%#", (options, message) => {
      expect(refused(options).message).toContain(message);
    });
  });
});
