import { type KeyParameters, keyParametersCodes } from "@tokbind/codec";
import { once } from "node:events";
import net from "node:net";
import tls from "node:tls";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { describe, expect, test } from "vitest";
import { negotiatedTokenBinding, withTokenBinding } from "@tokbind/tls";
import { liveState } from "@tokbind/tls/raw";
import { certificate, collectGarbage } from "@tokbind/testing";
import { handshake, Listener, only, tokenBinding, versions } from "@tokbind/testing/handshake";
import { listenInTest } from "@tokbind/testing/vitest";

/** What garbage collection has left of connections that nobody uses, in connections, index entries and blocks. */
async function left() {
  await collectGarbage(() => liveState().connections === 0, 10_000);
  const { connections, indexed, allocations, configurations } = liveState();
  return { connections, indexed, blocks: allocations - configurations };
}

const nothing = { connections: 0, indexed: 0, blocks: 0 };

const names = Object.keys(keyParametersCodes) as KeyParameters[];
/** What the i-th client offers: each order of each selection of the three, in turn. */
const offers = names.flatMap((a) => [
  [a],
  ...names
    .filter((b) => b !== a)
    .flatMap((b) => [
      [a, b],
      [a, b, names.find((c) => c !== a && c !== b)!],
    ]),
]);

/** A TCP proxy that holds every chunk back for some time, so that handshakes overtake one another. */
async function delay(target: number): Promise<number> {
  let chunks = 0;
  const later = (source: net.Socket, sink: net.Socket) => {
    let last = Promise.resolve();
    source.on("data", (data) => {
      const wait = new Promise<void>((resolve) => setTimeout(resolve, (chunks++ * 7) % 23));
      last = Promise.all([last, wait]).then(() => void sink.write(data));
    });
    source.on("error", () => undefined).on("close", () => void last.then(() => sink.destroy()));
  };
  const server = net.createServer((client) => {
    const upstream = net.connect(target, "127.0.0.1");
    later(client, upstream);
    later(upstream, client);
  });
  return listenInTest(server);
}

describe.each(versions)("%s", (version) => {
  test("[TBN-4-11] 500 interleaved connections with different offers, a tenth aborted: each has its own, none is left", async () => {
    expect(await left()).toEqual(nothing);
    const preferred: KeyParameters[] = ["rsa2048_pss", "ecdsap256", "rsa2048_pkcs1.5"];
    const chosen = (offer: KeyParameters[]) => preferred.find((name) => offer.includes(name));

    const server = withTokenBinding(
      () =>
        tls.createServer({ ...certificate, ...only(version) }, (socket) => {
          socket.on("error", () => undefined);
          socket.once("data", () => {
            const { keyParameters, ekm } = negotiatedTokenBinding(socket)!;
            socket.end(`${keyParameters} ${Buffer.from(ekm).toString("hex")}`);
          });
        }),
      { keyParameters: preferred },
    );
    const port = await delay(await listenInTest(server));

    const run = async (i: number): Promise<"right" | "wrong" | "aborted"> => {
      const keyParameters = offers[i % offers.length]!;
      const socket = withTokenBinding(
        () => tls.connect({ port, host: "127.0.0.1", ca: certificate.cert, servername: "localhost" }),
        { keyParameters },
      );
      socket.on("error", () => undefined);
      if (i % 10 === 3) {
        // Each at another moment: before the handshake, in it, after it.
        setTimeout(() => socket.destroy(), i % 70);
        await once(socket, "close");
        return "aborted";
      }
      await once(socket, "secureConnect");
      const negotiated = negotiatedTokenBinding(socket)!;
      socket.write("?");
      const [answer] = (await once(socket, "data")) as [Buffer];
      socket.destroy();
      const seen = `${negotiated.keyParameters} ${Buffer.from(negotiated.ekm).toString("hex")}`;
      return answer.toString() === seen && negotiated.keyParameters === chosen(keyParameters)
        ? "right"
        : "wrong";
    };
    const outcomes = await Promise.all(Array.from({ length: 500 }, (_, i) => run(i)));
    const count = (outcome: string) => outcomes.filter((each) => each === outcome).length;
    expect([count("right"), count("wrong"), count("aborted")]).toEqual([450, 0, 50]);
    expect(await left()).toEqual(nothing);
  });
});

test("a connection is in the index from the end of its handshake until it is freed", async () => {
  expect(await left()).toEqual(nothing);
  const silent = net.createServer((socket) => socket.resume());
  const port = await listenInTest(silent);
  const socket = tokenBinding()(() => tls.connect({ port, host: "127.0.0.1" }));
  const [peer] = (await once(silent, "connection")) as [net.Socket];
  await once(peer, "data");
  expect(liveState()).toMatchObject({ connections: 1, indexed: 0 });
  socket.destroy();
  const { client, server } = await handshake({});
  expect(liveState().indexed).toBe(2);
  client.socket!.destroy();
  server.socket!.destroy();
});

test("garbage collection in the middle of handshakes", async () => {
  const listener = new Listener(tokenBinding());
  const port = await listenInTest(listener.server);
  let isOver = false;
  const collecting = collectGarbage(() => isOver);
  for (let round = 0; round < 5; round++) {
    const sockets = Array.from({ length: 20 }, () =>
      tokenBinding()(() => tls.connect({ port, host: "127.0.0.1", rejectUnauthorized: false })),
    );
    await Promise.all(sockets.map((socket) => once(socket, "secureConnect")));
    for (const socket of sockets) expect(negotiatedTokenBinding(socket)?.keyParameters).toBe("ecdsap256");
    for (const socket of sockets) socket.destroy();
  }
  isOver = true;
  await collecting;
});

test("configurations die with their contexts", async () => {
  // More than V8 would keep alive by chance.
  const before = liveState().configurations;
  const contexts = Array.from({ length: 200 }, () => tokenBinding()(() => tls.createSecureContext()));
  expect(liveState().configurations).toBeGreaterThanOrEqual(contexts.length);
  contexts.length = 0;
  await collectGarbage(() => liveState().configurations < before + 100, 10_000);
  expect(liveState().configurations).toBeLessThan(before + 100);
});

test("worker threads: servers and clients in several at once, some of them killed", async () => {
  const script = fileURLToPath(new URL("support/worker.js", import.meta.url));
  const port = await listenInTest(new Listener(tokenBinding()).server);
  const start = (kill: boolean) =>
    new Promise<unknown>((resolve, reject) => {
      const worker = new Worker(script, { workerData: { port }, execArgv: [] });
      worker.on("error", reject);
      worker.on("message", (message) => {
        resolve(message);
        if (kill) void worker.terminate();
      });
    });
  const results = await Promise.all(Array.from({ length: 8 }, (_, i) => start(i % 2 === 0)));
  for (const result of results) expect(result).toEqual({ own: "rsa2048_pss", main: "ecdsap256" });
  // Their exit has not taken the code away from this thread's connections.
  const again = await Promise.all([start(false), start(true)]);
  expect(again).toHaveLength(2);
});
