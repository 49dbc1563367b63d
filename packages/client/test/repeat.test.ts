import { constants, type Http2ServerRequest } from "node:http2";
import net from "node:net";
import { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { listenInTest } from "@tokbind/testing/vitest";
import { request } from "undici";
import { describe, expect, test } from "vitest";
import { failure, get, makeAgent } from "./support/agents.ts";
import { type Origin, serve } from "./support/origin.ts";
import { goAway, ok, serveRawHttp2 } from "./support/raw-http2.ts";

type Options = Parameters<typeof request>[1];

/** Loses the connection of the first requests before their answer. */
async function serveLosing(http2: boolean, times: number): Promise<Origin> {
  let count = 0;
  const origin = await serve({
    http2,
    answer: (_incoming, response) => {
      if (++count > times) response.end("ok");
      else for (const socket of origin.sockets) socket.destroy();
    },
  });
  return origin;
}

describe.each([false, true])("http2: %j: a connection that is lost before the answer [A-48]", (http2) => {
  test.each<[string, NonNullable<Options>]>([
    ["GET", {}],
    ["HEAD", { method: "HEAD" }],
    ["OPTIONS", { method: "OPTIONS" }],
    ["PUT with a text", { method: "PUT", body: "text" }],
    ["PUT with bytes", { method: "PUT", body: Buffer.from("text") }],
    ["DELETE", { method: "DELETE" }],
    ["POST that is idempotent", { method: "POST", body: "text", idempotent: true }],
  ])("%s goes over another one, signed afresh", async (_what, options) => {
    const origin = await serveLosing(http2, 2);
    const agent = makeAgent({ allowH2: http2 });
    const { statusCode, body } = await request(origin.url, { ...options, dispatcher: agent });
    await body.dump();
    expect(statusCode).toBe(200);
    expect(origin.seen).toHaveLength(3);
    expect(origin.connections()).toBe(3);
    expect(origin.seen.every(({ id }) => id !== undefined)).toBe(true);
    expect(new Set(origin.seen.map(({ fields }) => fields.join())).size).toBe(3);
  });

  test.each<[string, () => NonNullable<Options>]>([
    ["POST", () => ({ method: "POST", body: "text" })],
    ["PATCH", () => ({ method: "PATCH", body: "text" })],
    ["GET that is not idempotent", () => ({ idempotent: false })],
    ["PUT with a stream", () => ({ method: "PUT", body: Readable.from(["text"]) })],
  ])("%s fails and is not sent again", async (_what, options) => {
    const origin = await serveLosing(http2, 1);
    const agent = makeAgent({ allowH2: http2 });
    await failure(request(origin.url, { ...options(), dispatcher: agent }));
    expect(origin.seen).toHaveLength(1);
    await get(agent, origin.url);
  });

  test("ten times at most", async () => {
    const origin = await serveLosing(http2, Infinity);
    const agent = makeAgent({ allowH2: http2 });
    await failure(request(origin.url, { dispatcher: agent }));
    expect(origin.seen).toHaveLength(11);
  });

  test("not once the answer has begun, nor at a timeout, nor when the application gives up", async () => {
    const origin = await serve({
      http2,
      answer: (incoming, response) => {
        if (incoming.url === "/part") response.write("a part", () => incoming.socket.destroy());
      },
    });
    const agent = makeAgent({ allowH2: http2 });
    const { body } = await request(`${origin.url}/part`, { dispatcher: agent });
    // undici takes an HTTP/2 stream that was cancelled for one that has ended.
    await body.text().catch(() => undefined);
    const late = request(origin.url, { dispatcher: agent, headersTimeout: 20 });
    expect(await failure(late)).toMatchObject({ code: "UND_ERR_HEADERS_TIMEOUT" });
    const controller = new AbortController();
    const aborted = failure(request(origin.url, { dispatcher: agent, signal: controller.signal }));
    await expect.poll(() => origin.seen.length).toBe(3);
    controller.abort();
    expect((await aborted).name).toBe("AbortError");
    await sleep(20);
    expect(origin.seen).toHaveLength(3);
  });

  test("and all tries together have no more time than one", async () => {
    const origin = await serve({
      http2,
      answer: () => {
        setTimeout(() => {
          for (const socket of origin.sockets) socket.destroy();
        }, 60);
      },
    });
    const agent = makeAgent({ allowH2: http2, headersTimeout: 150 });
    await failure(request(origin.url, { dispatcher: agent }));
    expect(origin.seen.length).toBeGreaterThan(1);
    expect(origin.seen.length).toBeLessThan(5);
  });
});

test("a request that was not sent goes over another connection, whatever it is", async () => {
  let count = 0;
  const origin = await serve();
  origin.server.on("connection", (socket: net.Socket) => {
    if (++count < 4) socket.destroy();
  });
  const agent = makeAgent({ connections: 1 });
  const body = Readable.from(["te", "xt"]);
  const answer = await request(origin.url, { method: "POST", body, dispatcher: agent });
  expect(await answer.body.text()).toBe("text");
  expect(count).toBe(4);
});

test("a server that ends every handshake costs eleven connections and one clear error", async () => {
  let count = 0;
  const server = net.createServer((socket) => {
    count++;
    socket.on("error", () => undefined).once("data", () => socket.destroy());
  });
  const port = await listenInTest(server);
  const error = await failure(request(`https://localhost:${port}/`, { dispatcher: makeAgent() }));
  expect((error as NodeJS.ErrnoException).code).toMatch(/ECONNRESET|connection_lost/);
  expect(count).toBe(11);
});

describe("HTTP/2: a GOAWAY without an error", () => {
  test("lets the requests that the server has finish, and others go over a new connection [A-48]", async () => {
    const waiting: (() => void)[] = [];
    const origin = await serve({
      http2: true,
      answer: (incoming, response) => {
        if (incoming.url === "/after") response.end("after");
        else waiting.push(() => response.end(incoming.url));
      },
    });
    const agent = makeAgent({ allowH2: true });
    const before = ["/1", "/2", "/3"].map((path) => get(agent, origin.url + path));
    await expect.poll(() => waiting.length).toBe(3);
    origin.goAway();
    await expect.poll(async () => get(agent, `${origin.url}/after`)).toBe("after");
    for (const answer of waiting) answer();
    expect(await Promise.all(before)).toEqual(["/1", "/2", "/3"]);
    expect(origin.seen).toHaveLength(4);
    expect(origin.connections()).toBe(2);
    await expect.poll(() => origin.sockets.size).toBe(1);
  });

  test("that has not come to some requests: those are sent again, a POST too", async () => {
    const seen: [number, number][] = [];
    const url = await serveRawHttp2((socket, stream, connection) => {
      seen.push([connection, stream]);
      socket.write(connection < 3 ? goAway(0, constants.NGHTTP2_NO_ERROR) : ok(stream));
    });
    const agent = makeAgent({ allowH2: true });
    const { statusCode, body } = await request(url, { method: "POST", body: "text", dispatcher: agent });
    await body.dump();
    expect(statusCode).toBe(200);
    expect(seen).toEqual([
      [1, 1],
      [2, 1],
      [3, 1],
    ]);
  });

  test("and a stream that the server refuses is sent again, on the same connection", async () => {
    let refused = 0;
    const origin = await serve({
      http2: true,
      answer: (incoming, response) => {
        if (++refused > 2) response.end("ok");
        else (incoming as unknown as Http2ServerRequest).stream.close(constants.NGHTTP2_REFUSED_STREAM);
      },
    });
    const agent = makeAgent({ allowH2: true });
    const { body } = await request(origin.url, { method: "POST", body: "text", dispatcher: agent });
    expect(await body.text()).toBe("ok");
    expect(origin.connections()).toBe(1);
  });
});
