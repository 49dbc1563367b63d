import { once } from "node:events";
import http from "node:http";
import type https from "node:https";
import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { NodeHttpHandler } from "@smithy/node-http-handler";
import { HttpRequest } from "@smithy/protocol-http";
import { encodeBase64url } from "@tokbind/codec";
import { listenInTest } from "@tokbind/testing/vitest";
import axios from "axios";
import follow from "follow-redirects";
import got from "got";
import nodeFetch from "node-fetch";
import superagent from "superagent";
import { describe, expect, test } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { MemoryKeyStore } from "../src/index.ts";
import { makeHttpsAgent, send } from "./support/https-agents.ts";
import { type Origin, serve } from "./support/origin.ts";

/** How one library is used, with this agent for https. */
interface Library {
  get(url: string, agent: https.Agent): Promise<string>;
  /** Sends a body of several chunks, whose length is not said. */
  upload(url: string, agent: https.Agent, body: Readable): Promise<string>;
}

/** Those that follow redirects by themselves. */
const following: Record<string, Library> = {
  got: {
    get: (url, agent) => got(url, { agent: { https: agent }, retry: { limit: 0 } }).text(),
    upload: (url, agent, body) => got.put(url, { agent: { https: agent }, retry: { limit: 0 }, body }).text(),
  },
  axios: {
    get: async (url, httpsAgent) => (await axios.get<string>(url, { httpsAgent, proxy: false })).data,
    upload: async (url, httpsAgent, body) =>
      (await axios.put<string>(url, body, { httpsAgent, proxy: false })).data,
  },
  "node-fetch": {
    get: async (url, agent) => (await nodeFetch(url, { agent: forHttps(agent) })).text(),
    upload: async (url, agent, body) =>
      (await nodeFetch(url, { agent: forHttps(agent), method: "PUT", body })).text(),
  },
  superagent: {
    get: async (url, agent) => bodyOf(await superagent.get(url).agent(agent).buffer(true)),
    upload: (url, agent, body) =>
      new Promise((resolve, reject) => {
        const request = superagent.put(url).agent(agent).buffer(true).parse(asBytes);
        request.on("response", (response: superagent.Response) => {
          resolve(bodyOf(response));
        });
        request.on("error", reject);
        body.pipe(request as unknown as NodeJS.WritableStream);
      }),
  },
  "follow-redirects": {
    get: (url, agent) => answerOf(follow.https.get(url, { agents: { https: agent } })),
    upload: (url, agent, body) => {
      const request = follow.https.request(url, { agents: { https: agent }, method: "PUT" });
      body.pipe(request);
      return answerOf(request);
    },
  },
};

/** Those that leave them to their users. */
const plain: Record<string, Library> = {
  "https.request": {
    get: (url, agent) => send(agent, url),
    upload: async (url, agent, body) => send(agent, url, { method: "PUT" }, await text(body)),
  },
  "the NodeHttpHandler of the AWS SDK": {
    get: (url, agent) => smithy(url, agent, "GET"),
    upload: (url, agent, body) => smithy(url, agent, "PUT", body),
  },
};

const libraries = Object.entries({ ...following, ...plain });

function forHttps(agent: https.Agent) {
  return ({ protocol }: URL) => (protocol === "https:" ? agent : http.globalAgent);
}

async function answerOf(request: follow.RedirectableRequest<http.ClientRequest, http.IncomingMessage>) {
  const [response] = (await once(request, "response")) as [http.IncomingMessage];
  return text(response);
}

function asBytes(response: superagent.Response, done: (error: Error | null, body: unknown) => void): void {
  const read = async () => {
    done(null, await text(response as unknown as Readable));
  };
  void read();
}

function bodyOf({ text: body, body: parsed }: superagent.Response): string {
  return typeof parsed === "string" ? parsed : body;
}

async function smithy(
  url: string,
  httpsAgent: https.Agent,
  method: string,
  body?: Readable,
): Promise<string> {
  const { hostname, port, pathname, searchParams } = new URL(url);
  const query = Object.fromEntries(searchParams);
  const request = new HttpRequest({
    protocol: "https:",
    hostname,
    port: Number(port),
    path: pathname,
    method,
    query,
    body,
  });
  const { response } = await new NodeHttpHandler({ httpsAgent }).handle(request);
  return text(response.body as Readable);
}

/** Echoes bodies, and redirects to what `?to=` names with `?status=`. */
const answer: http.RequestListener = (incoming, response) => {
  const { searchParams } = new URL(incoming.url!, "https://localhost");
  const location = searchParams.get("to");
  response.setHeader("content-type", "text/plain");
  if (location === null) {
    incoming.pipe(response);
  } else {
    incoming.resume();
    incoming.once("end", () => {
      response.writeHead(Number(searchParams.get("status") ?? 302), { location }).end();
    });
  }
};

const at = (origin: Origin, name: string, to?: string, status = 302) =>
  `https://${name}:${origin.port}/${to === undefined ? "" : `?to=${encodeURIComponent(to)}&status=${status}`}`;

const parts = Array.from({ length: 20 }, (_, i) => String(i).padStart(10_000, "x"));

describe.each(libraries)("%s", (_name, library) => {
  test("fresh and reused connections, each with its own header [TBH-2-01] [TBH-2-02]", async () => {
    const origin = await serve({ answer });
    const agent = makeHttpsAgent();
    for (let i = 0; i < 3; i++) await library.get(at(origin, "localhost"), agent);
    await Promise.all([1, 2, 3].map(() => library.get(at(origin, "localhost"), agent)));
    expect(origin.seen).toHaveLength(6);
    expect(origin.connections()).toBe(3);
    expect(origin.seen.every(({ id }) => id !== undefined)).toBe(true);
    expect(new Set(origin.seen.map(({ fields }) => fields[0])).size).toBe(3);
  });

  test("an upload", async () => {
    const origin = await serve({ answer });
    const agent = makeHttpsAgent();
    for (let i = 0; i < 2; i++) {
      const body = Readable.from(parts.map((part) => Buffer.from(part)));
      expect(await library.upload(at(origin, "localhost"), agent, body)).toBe(parts.join(""));
    }
    expect(origin.seen.map(({ method }) => method)).toEqual(["PUT", "PUT"]);
    expect(origin.seen.every(({ id }) => id !== undefined)).toBe(true);
  });

  test("a failure comes once, as the library's own", async () => {
    const origin = await serve({ answer });
    const agent = makeHttpsAgent({ observe: () => { throw new Error("enough"); } }); // prettier-ignore
    const error = await library.get(at(origin, "localhost"), agent).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(Error);
    expect((error as Error).message).toContain("observe: enough");
    expect(origin.seen).toHaveLength(0);
  });
});

describe.each(Object.entries(following))("redirects in %s", (_name, library) => {
  test("each origin sees the key of its own site, and no message of another connection", async () => {
    const origin = await serve({ answer });
    const keyStore = new MemoryKeyStore();
    const agent = makeHttpsAgent({ keyStore });
    const org = at(origin, "www.example.org");
    const login = at(origin, "login.example.com", org, 307);
    await library.get(at(origin, "www.example.com", login), agent);
    // Again, over connections that are open.
    await library.get(at(origin, "www.example.com", login, 301), agent);
    const [comId, orgId] = await Promise.all(
      ["example.com", "example.org"].map(async (scope) =>
        encodeBase64url((await keyStore.get(scope, "ecdsap256")).id.bytes),
      ),
    );
    expect(comId).not.toBe(orgId);
    expect(origin.seen.map(({ servername, id }) => [servername, id])).toEqual(
      [1, 2].flatMap(() => [
        ["www.example.com", comId],
        ["login.example.com", comId],
        ["www.example.org", orgId],
      ]),
    );
    // Some close the connection of a redirect.
    expect(new Set(origin.seen.map(({ fields }) => fields[0])).size).toBe(origin.connections());
  });

  test("to http there is no header [TBH-2-21]", async () => {
    const fields: string[] = [];
    const clear = http.createServer((incoming, response) => {
      fields.push(...incoming.rawHeaders);
      response.setHeader("content-type", "text/plain").end("clear");
    });
    const port = await listenInTest(clear);
    const origin = await serve({ answer });
    const url = at(origin, "www.example.com", `http://localhost:${port}/`);
    const body = await library.get(url, makeHttpsAgent()).catch((error: unknown) => error);
    // superagent has one agent for all, so Node refuses this one for http.
    if (body instanceof Error) expect(body).toMatchObject({ code: "ERR_INVALID_PROTOCOL" });
    else expect(body).toBe("clear");
    expect(fields.join().toLowerCase()).not.toContain("token-binding");
    expect(origin.seen[0]!.id).toBeDefined();
  });
});

describe("ws", () => {
  /** The ID with which each WebSocket was opened comes as its first message. */
  async function serveWebSockets(): Promise<Origin> {
    const origin = await serve();
    const server = new WebSocketServer({ noServer: true });
    origin.server.on("upgrade", (incoming: http.IncomingMessage, socket, head: Buffer) => {
      const path = incoming.url!;
      if (path.startsWith("/to=")) {
        socket.end(`HTTP/1.1 302 Found\r\nLocation: ${decodeURIComponent(path.slice(4))}\r\n\r\n`);
        return;
      }
      server.handleUpgrade(incoming, socket, head, (webSocket) => {
        webSocket.send(origin.look(incoming).id ?? "none");
        webSocket.on("message", (data, isBinary) => {
          webSocket.send(data, { binary: isBinary });
        });
      });
    });
    return origin;
  }

  const message = async (webSocket: WebSocket) => String(((await once(webSocket, "message")) as [Buffer])[0]);

  test("an upgrade on a fresh connection, and on one that has carried a request", async () => {
    const origin = await serveWebSockets();
    const agent = makeHttpsAgent();
    const ids: string[] = [];
    for (let i = 0; i < 2; i++) {
      if (i === 1) await send(agent, origin.url);
      const webSocket = new WebSocket(`wss://localhost:${origin.port}/`, { agent });
      ids.push(await message(webSocket));
      webSocket.send("sec-token-binding: AAAA\r\n\r\n");
      expect(await message(webSocket)).toBe("sec-token-binding: AAAA\r\n\r\n");
      webSocket.send(Buffer.alloc(100_000));
      await message(webSocket);
      webSocket.close();
      await once(webSocket, "close");
    }
    expect(ids[0]).toMatch(/^[\w-]{90,}$/);
    expect(ids[1]).toBe(ids[0]);
  });

  test("a redirect", async () => {
    const origin = await serveWebSockets();
    const keyStore = new MemoryKeyStore();
    const to = encodeURIComponent(`wss://www.example.org:${origin.port}/`);
    const url = `wss://www.example.com:${origin.port}/to=${to}`;
    const webSocket = new WebSocket(url, { agent: makeHttpsAgent({ keyStore }), followRedirects: true });
    const { id } = await keyStore.get("example.org", "ecdsap256");
    expect(await message(webSocket)).toBe(encodeBase64url(id.bytes));
    webSocket.terminate();
  });
});
