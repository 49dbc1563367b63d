import https from "node:https";
import type { Socket } from "node:net";
import { text } from "node:stream/consumers";
import type { TLSSocket } from "node:tls";
import { setImmediate as turn } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { MemoryKeyStore } from "../src/index.ts";
import { storeOf } from "./support/agents.ts";
import { makeHttpsAgent } from "./support/https-agents.ts";
import { type OriginOptions, serve } from "./support/origin.ts";

// vitest fails a run with an unhandled rejection or an uncaught exception, which a second error of a request would be.

const rounds = 60;
const width = 8;

interface Outcome {
  readonly answered: boolean;
  /** More than one would be one too many. */
  readonly errors: readonly Error[];
}

/** As a library does: an answer is whole, or there is an error. */
function outcomeOf(url: string, agent: https.Agent, method: string): Promise<Outcome> {
  return new Promise((resolve) => {
    const errors: Error[] = [];
    const request = https.request(url, { agent, method });
    let answered = false;
    request.on("error", (error) => errors.push(error));
    request.on("response", (response) => {
      text(response).then(
        () => (answered = true),
        (error: unknown) => errors.push(error as Error),
      );
    });
    request.on("close", () => {
      setImmediate(() => {
        resolve({ answered, errors });
      });
    });
    request.end(method === "POST" ? "body" : undefined);
  });
}

/** Sends many requests, the key of each after another number of turns of the event loop. */
async function outcomes(options: OriginOptions, settings = {}): Promise<Outcome[]> {
  const origin = await serve(options);
  const keys = new MemoryKeyStore();
  let asked = 0;
  const keyStore = storeOf(async (...args) => {
    for (let i = asked++ % 7; i > 0; i--) await turn();
    return keys.get(...args);
  });
  const agent = makeHttpsAgent({ keyStore, maxSockets: 4, ...settings });
  const all: Outcome[] = [];
  for (let round = 0; round < rounds; round++) {
    const sending = Array.from({ length: width }, (_, i) =>
      outcomeOf(`${origin.url}/${round}-${i}`, agent, i % 2 === 0 ? "GET" : "POST"),
    );
    all.push(...(await Promise.all(sending)));
  }
  // Whatever arrived was signed for the connection that carried it. A socket that the server has destroyed cannot tell.
  expect(origin.seen.every(({ negotiated, id }) => negotiated === undefined || id !== undefined)).toBe(true);
  // Nothing was sent twice.
  expect(new Set(origin.seen.map(({ path }) => path)).size).toBe(origin.seen.length);
  agent.destroy();
  await expect.poll(() => origin.sockets.size, { timeout: 5_000 }).toBe(0);
  expect(all).toHaveLength(rounds * width);
  for (const { answered, errors } of all) {
    expect(errors).toHaveLength(answered ? 0 : 1);
    for (const error of errors) {
      expect(error).not.toBeInstanceOf(TypeError);
      expect(["ECONNRESET", "EPIPE", "connection_lost"]).toContain((error as NodeJS.ErrnoException).code);
    }
  }
  return all;
}

const ends: [string, (socket: TLSSocket, raw: Socket) => void][] = [
  ["ends", (socket) => socket.end()],
  ["ends a turn later", (socket) => setImmediate(() => socket.end())],
  ["is destroyed", (socket) => socket.destroy()],
  ["is destroyed a turn later", (socket) => setImmediate(() => socket.destroy())],
  ["is reset", (_socket, raw) => raw.resetAndDestroy()],
  ["ends a few milliseconds later", (socket) => setTimeout(() => socket.end(), Math.random() * 4)],
];

describe("a connection that", () => {
  test.each(ends)("%s after its handshake fails its request once, and nothing else", async (_how, end) => {
    await outcomes({ onSecure: end });
  });
});

test("a server that drops connections before, in, and after the answer", async () => {
  let count = 0;
  const all = await outcomes({
    answer: (incoming, response) => {
      response.on("error", () => undefined);
      const kind = count++ % 6;
      if (kind === 0) incoming.socket.destroy();
      else if (kind === 1) response.write("a part", () => incoming.socket.destroy());
      else if (kind === 2) response.end("done", () => incoming.socket.destroy());
      else if (kind === 3) response.end("done", () => incoming.socket.end());
      else response.end("done");
    },
  });
  expect(all.filter(({ answered }) => answered).length).toBeGreaterThan(rounds);
});

test("a server that closes idle connections at once, between requests", async () => {
  const all = await outcomes({ keepAliveTimeout: 1 });
  expect(all.filter(({ answered }) => answered).length).toBeGreaterThan(rounds);
});

test("an answer that comes before its request was written changes nothing about what is written", async () => {
  const origin = await serve({
    onSecure: (socket) => socket.write("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nearly"),
  });
  const keys = new MemoryKeyStore();
  const keyStore = storeOf(async (...args) => {
    for (let i = 0; i < 50; i++) await turn();
    return keys.get(...args);
  });
  const agent = makeHttpsAgent({ keyStore, maxSockets: 1 });
  for (let i = 0; i < 3; i++) await outcomeOf(`${origin.url}/${i}`, agent, "GET");
  expect(origin.seen.every(({ id }) => id !== undefined)).toBe(true);
  agent.destroy();
});

test("an agent that is destroyed at any moment fails each request once", async () => {
  const origin = await serve();
  for (let round = 0; round < 25; round++) {
    const agent = makeHttpsAgent();
    const sending = Array.from({ length: width }, () => outcomeOf(origin.url, agent, "GET"));
    for (let i = round % 20; i > 0; i--) await turn();
    agent.destroy();
    for (const { answered, errors } of await Promise.all(sending)) {
      expect(errors).toHaveLength(answered ? 0 : 1);
    }
    agent.destroy();
  }
  await expect.poll(() => origin.sockets.size, { timeout: 5_000 }).toBe(0);
});
