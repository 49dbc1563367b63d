import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { setImmediate as turn } from "node:timers/promises";
import { TokenBindingError } from "@tokbind/codec";
import { request } from "undici";
import { describe, expect, test } from "vitest";
import { MemoryKeyStore } from "../src/index.ts";
import { makeAgent, storeOf } from "./support/agents.ts";
import { type OriginOptions, serve } from "./support/origin.ts";

// vitest fails a run with an unhandled rejection or an uncaught exception: what undici does with a socket that has ended
// is one.

const rounds = 25;
const width = 8;

/** Sends many requests, the key of each connection after another number of turns of the event loop. */
async function outcomes(options: OriginOptions): Promise<{ answers: number; errors: Error[] }> {
  const origin = await serve(options);
  const keys = new MemoryKeyStore();
  let asked = 0;
  const keyStore = storeOf(async (...args) => {
    for (let i = asked++ % 7; i > 0; i--) await turn();
    return keys.get(...args);
  });
  const agent = makeAgent({ allowH2: options.http2, keyStore });
  const errors: Error[] = [];
  let answers = 0;
  for (let round = 0; round < rounds; round++) {
    const sending = Array.from({ length: width }, async () => {
      const { body } = await request(origin.url, { dispatcher: agent });
      await body.dump();
    });
    for (const result of await Promise.allSettled(sending)) {
      if (result.status === "fulfilled") answers++;
      else errors.push(result.reason as Error);
    }
  }
  // Whatever arrived was signed for the connection that carried it. A socket that the server has destroyed cannot tell.
  expect(origin.seen.every(({ negotiated, id }) => negotiated === undefined || id !== undefined)).toBe(true);
  await agent.destroy();
  await expect.poll(() => origin.sockets.size, { timeout: 5_000 }).toBe(0);
  return { answers, errors };
}

const ends: [string, (socket: TLSSocket, raw: Socket) => void][] = [
  ["ends", (socket) => socket.end()],
  ["ends a turn later", (socket) => setImmediate(() => socket.end())],
  ["is destroyed", (socket) => socket.destroy()],
  ["is destroyed a turn later", (socket) => setImmediate(() => socket.destroy())],
  ["is reset", (_socket, raw) => raw.resetAndDestroy()],
  ["ends a few milliseconds later", (socket) => setTimeout(() => socket.end(), Math.random() * 4)],
];

describe.each([{ http2: false }, { http2: true }])("%j", ({ http2 }) => {
  test.each(ends)(
    "a connection that %s after its handshake fails its requests, and nothing else",
    async (_how, end) => {
      const { answers, errors } = await outcomes({ http2, onSecure: end });
      expect(answers + errors.length).toBe(rounds * width);
      for (const error of errors) {
        expect(error).not.toBeInstanceOf(TypeError);
        const { code } = error as NodeJS.ErrnoException;
        expect(["connection_lost", "UND_ERR_SOCKET", "UND_ERR_INFO", "ECONNRESET", "EPIPE"]).toContain(code);
        if (code === "connection_lost") expect(error).toBeInstanceOf(TokenBindingError);
      }
    },
  );

  test("a server that drops connections before, in and after the answer", async () => {
    let count = 0;
    const { answers, errors } = await outcomes({
      http2,
      answer: (incoming, response) => {
        response.on("error", () => undefined);
        const kind = count++ % 5;
        if (kind === 0) incoming.socket.destroy();
        else if (kind === 1) response.write("a part", () => incoming.socket.destroy());
        else if (kind === 2) response.end("done", () => incoming.socket.destroy());
        else response.end("done");
      },
    });
    expect(answers + errors.length).toBe(rounds * width);
    expect(answers).toBeGreaterThan(0);
    for (const error of errors) expect(error).not.toBeInstanceOf(TypeError);
  });

  test("an agent that is destroyed at any moment fails its requests with the reason", async () => {
    const origin = await serve({ http2 });
    for (let round = 0; round < rounds; round++) {
      const agent = makeAgent({ allowH2: http2 });
      const sending = Array.from({ length: width }, () =>
        request(origin.url, { dispatcher: agent }).then(({ body }) => body.text()),
      );
      for (let i = round % 20; i > 0; i--) await turn();
      const destroying = agent.destroy(new Error("enough"));
      for (const result of await Promise.allSettled(sending)) {
        if (result.status === "rejected") expect(result.reason).toMatchObject({ message: "enough" });
      }
      await destroying;
    }
    await expect.poll(() => origin.sockets.size, { timeout: 5_000 }).toBe(0);
  });
});

test("a pool outlives its last connection while requests wait: no second pool, and destroy reaches them", async () => {
  const origin = await serve({
    answer: (incoming, response) => {
      if (origin.seen.length === 1) incoming.socket.destroy();
      else if (origin.seen.length < 4) response.end();
    },
  });
  let most = 0;
  origin.server.on("connection", () => (most = Math.max(most, origin.sockets.size)));
  const agent = makeAgent({ connections: 1 });
  const options = { dispatcher: agent, idempotent: false };
  const send = () => request(origin.url, options).then(({ body }) => body.text());
  const first = Array.from({ length: 5 }, send);
  expect((await Promise.allSettled(first.slice(0, 2))).map(({ status }) => status)).toEqual([
    "rejected",
    "fulfilled",
  ]);
  const later = Array.from({ length: 3 }, send);
  await expect.poll(() => origin.seen.length).toBe(4);
  const settling = Promise.allSettled([...first.slice(3), ...later]);
  await agent.destroy(new Error("enough"));
  for (const result of await settling) expect(result).toMatchObject({ reason: { message: "enough" } });
  expect(most).toBe(1);
});
