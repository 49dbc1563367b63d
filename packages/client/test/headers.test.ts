import { once } from "node:events";
import http from "node:http";
import type net from "node:net";
import type { TLSSocket } from "node:tls";
import { setTimeout as sleep } from "node:timers/promises";
import { encodeBase64url, TokenBindingError } from "@tokbind/codec";
import { generateKey } from "@tokbind/crypto";
import { listenInTest } from "@tokbind/testing/vitest";
import { request } from "undici";
import { describe, expect, test } from "vitest";
import { MemoryKeyStore, type SentRequest } from "../src/index.ts";
import { failure, get, makeAgent, storeOf, toLoopback } from "./support/agents.ts";
import { serve } from "./support/origin.ts";

describe("over a negotiated connection", () => {
  test.each(["TLSv1.2", "TLSv1.3"] as const)(
    "%s: 50 requests at once over several connections each carry one header for their own [TBH-2-01] [TBH-2-02] [TBP-3-01] [TBP-3-03]",
    async (tls) => {
      const origin = await serve({ minVersion: tls, maxVersion: tls });
      const agent = makeAgent({ connections: 7 });
      const paths = Array.from({ length: 50 }, (_, i) => `${origin.url}/${i}`);
      await Promise.all(paths.map((path) => get(agent, path)));

      expect(origin.seen).toHaveLength(50);
      expect(origin.connections()).toBe(7);
      expect(new Set(origin.seen.map((seen) => seen.tlsVersion))).toEqual(new Set([tls]));
      const ids = new Set(origin.seen.map((seen) => seen.id));
      expect(ids.size).toBe(1);
      expect(ids.has(undefined)).toBe(false);
      for (const seen of origin.seen) expect(seen.fields).toHaveLength(1);
    },
  );

  test("without a limit each of many requests gets a connection", async () => {
    const origin = await serve();
    const agent = makeAgent();
    await Promise.all(Array.from({ length: 30 }, () => get(agent, origin.url)));
    expect(origin.seen.filter((seen) => seen.id !== undefined)).toHaveLength(30);
    expect(origin.connections()).toBe(30);
  });

  test.each(["rsa2048_pkcs1.5", "rsa2048_pss", "ecdsap256"] as const)(
    "the provided binding uses %s when that was negotiated [TBP-4.1-02] [TBN-4-13]",
    async (keyParameters) => {
      const origin = await serve({ keyParameters: [keyParameters] });
      const agent = makeAgent();
      await get(agent, origin.url);
      expect(origin.seen).toMatchObject([{ negotiated: keyParameters }]);
      expect(origin.seen[0]!.id).toBeDefined();
    },
  );

  test("keep-alive: one connection, one signature, the same value [TBH-2-18]", async () => {
    let signatures = 0;
    const key = await generateKey("ecdsap256");
    const counting = { ...key, sign: (data: Uint8Array) => (signatures++, key.sign(data)) };
    const keyStore = storeOf(() => Promise.resolve(counting));
    const origin = await serve();
    const agent = makeAgent({ keyStore });
    for (let i = 0; i < 5; i++) await get(agent, origin.url);

    expect(origin.connections()).toBe(1);
    expect(signatures).toBe(1);
    expect(new Set(origin.seen.map((seen) => seen.fields.join())).size).toBe(1);
    expect(origin.seen[0]!.id).toBe(encodeBase64url(key.id.bytes));
  });

  test("after a reset the next request has a new ID, on the same connection too [TBP-7.3-01] [TBH-8.2-01]", async () => {
    const keyStore = new MemoryKeyStore();
    const origin = await serve();
    const agent = makeAgent({ keyStore });
    await get(agent, origin.url);
    await keyStore.delete("localhost");
    await get(agent, origin.url);

    expect(origin.connections()).toBe(1);
    expect(origin.seen[0]!.id).toBeDefined();
    expect(origin.seen[1]!.id).toBeDefined();
    expect(origin.seen[1]!.id).not.toBe(origin.seen[0]!.id);
  });

  test("the key is that of the scope, and a narrower scope can be chosen [TBH-2-10] [TBH-2.1-04] [TBH-2.1-06] [TBP-3.1-01]", async () => {
    const keyStore = new MemoryKeyStore();
    const origin = await serve();
    const agent = makeAgent({ keyStore, scope: (url) => `only ${url.origin}` });
    await get(agent, origin.url);
    const { id } = await keyStore.get(`only ${origin.url}`, "ecdsap256");
    expect(origin.seen[0]!.id).toBe(encodeBase64url(id.bytes));
  });

  test.each(["TLSv1.2", "TLSv1.3"] as const)(
    "%s: later connections resume the session and negotiate again",
    async (tls) => {
      const origin = await serve({ minVersion: tls, maxVersion: tls });
      const agent = makeAgent();
      await get(agent, origin.url);
      for (const socket of origin.sockets) socket.destroy();
      await sleep(20);
      await get(agent, origin.url);
      expect(origin.seen.map((seen) => seen.resumed)).toEqual([false, true]);
      expect(origin.seen[1]!.id).toBe(origin.seen[0]!.id);
      expect(origin.seen[1]!.fields).not.toEqual(origin.seen[0]!.fields);
    },
  );

  test("a redirect to another site uses another key, one within the site the same [TBP-4.1-04] [TBH-2.1-01] [TBH-8.1-01]", async () => {
    const next = new Map<string, string>();
    const origin = await serve({
      answer: (incoming, response) => {
        const location = next.get(incoming.headers.host!);
        response.writeHead(location === undefined ? 200 : 302, location === undefined ? {} : { location });
        response.end();
      },
    });
    const host = (name: string) => `${name}:${origin.port}`;
    next.set(host("www.example.com"), `https://${host("login.example.com")}/`);
    next.set(host("login.example.com"), `https://${host("www.example.org")}/`);
    const agent = makeAgent({ connect: { lookup: toLoopback } });
    await get(agent, `https://${host("www.example.com")}/`);

    const [www, login, org] = origin.seen.map((seen) => seen.id);
    expect(www).toBeDefined();
    expect(login).toBe(www);
    expect(org).toBeDefined();
    expect(org).not.toBe(www);
  });

  test("observe tells what was negotiated and sent", async () => {
    const sent: SentRequest[] = [];
    const origin = await serve();
    const agent = makeAgent({ observe: (request) => sent.push(request) });
    await get(agent, `${origin.url}/path?query`);
    expect(sent).toMatchObject([
      {
        method: "GET",
        url: `${origin.url}/path?query`,
        negotiated: { keyParameters: "ecdsap256", tlsVersion: "TLSv1.3" },
        secTokenBinding: origin.seen[0]!.fields[0],
      },
    ]);
  });
});

describe("never a header", () => {
  test("when the server does not negotiate [TBP-3-02]", async () => {
    const origin = await serve({ keyParameters: [] });
    const agent = makeAgent();
    await Promise.all(Array.from({ length: 5 }, () => get(agent, origin.url)));
    expect(origin.seen.map((seen) => seen.fields)).toEqual([[], [], [], [], []]);
  });

  test("over http [TBH-2-21] [TBP-7.3-01]", async () => {
    const seen: string[][] = [];
    const server = http.createServer((incoming, response) => {
      seen.push(incoming.rawHeaders.map((field) => field.toLowerCase()));
      response.end("plain");
    });
    const port = await listenInTest(server);
    const agent = makeAgent();
    expect(await get(agent, `http://127.0.0.1:${port}/`)).toBe("plain");
    expect(seen).toHaveLength(1);
    expect(seen[0]).not.toContain("sec-token-binding");
  });

  test("in CONNECT, and a proxy is not offered Token Binding [TBH-X-05] [A-30]", async () => {
    const origin = await serve();
    const tunnel = once(origin.server, "connect");
    const agent = makeAgent();
    await get(agent, origin.url);
    const connecting = agent.connect({ origin: origin.url, path: "example.com:443" });
    const [incoming, socket] = (await tunnel) as [http.IncomingMessage, net.Socket];
    socket.end("HTTP/1.1 200 OK\r\n\r\nthrough");
    const { socket: tunnelled } = await connecting;
    expect(String(await tunnelled.toArray())).toBe("through");

    expect(incoming.headers).not.toHaveProperty("sec-token-binding");
    expect(origin.negotiatedOf(incoming)).toBeUndefined();
    expect(origin.seen[0]!.id).toBeDefined();
  });

  test("and a proxy is offered neither HTTP/2 nor the session of an origin [A-30]", async () => {
    const origin = await serve({ http2: true });
    const tunnel = once(origin.server, "connect");
    const agent = makeAgent({ allowH2: true });
    await get(agent, origin.url);
    const connecting = agent.connect({ origin: origin.url, path: "example.com:443" });
    const [incoming, socket] = (await tunnel) as [http.IncomingMessage, TLSSocket];
    socket.end("HTTP/1.1 200 OK\r\n\r\n");
    await (await connecting).socket.toArray();

    expect(origin.seen[0]).toMatchObject({ httpVersion: "2.0" });
    expect(incoming.httpVersion).toBe("1.1");
    expect(socket.isSessionReused()).toBe(false);
  });

  test("from the application [TBH-7.2-01]", async () => {
    const origin = await serve();
    const agent = makeAgent();
    const name = "sec-token-BINDING";
    const forms = [
      { [name]: "x" },
      ["accept", "*/*", name, "x"],
      new Map([[name, "x"]]),
      new Headers({ [name]: "x" }),
    ];
    for (const headers of forms) {
      const error = await failure(request(origin.url, { dispatcher: agent, headers: headers as never }));
      expect(error).toBeInstanceOf(TokenBindingError);
      expect(error).toMatchObject({ code: "invalid_argument" });
    }
    const error = await failure(agent.fetch(origin.url, { headers: { [name]: "x" } }));
    expect(error.cause).toMatchObject({ code: "invalid_argument" });
    expect(origin.seen).toHaveLength(0);
  });
});
