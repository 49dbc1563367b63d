// 10,000 connections, a quarter of them aborted at some moment, over both TLS versions: what each end negotiated
// agrees, memory stays flat, and nothing is left alive. Runs on the built package.
//
//   node scripts/soak.js [connections]

import { once } from "node:events";
import { readFileSync } from "node:fs";
import * as tls from "node:tls";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { negotiatedTokenBinding, withTokenBinding } from "@tokbind/tls";
import { liveState } from "@tokbind/tls/raw";

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc");

const total = Number(process.argv[2] ?? 10_000);
const atOnce = 50;
const read = (name) => readFileSync(new URL(`../../testing/certificate/${name}`, import.meta.url));
const credentials = { key: read("key.pem"), cert: read("cert.pem") };
const offers = [["ecdsap256"], ["rsa2048_pss"], ["rsa2048_pkcs1.5", "rsa2048_pss"]];

const server = withTokenBinding(
  () =>
    tls.createServer(credentials, (socket) => {
      socket.on("error", () => undefined);
      socket.end(Buffer.from(negotiatedTokenBinding(socket)?.ekm ?? []));
    }),
  { keyParameters: ["rsa2048_pss", "ecdsap256"] },
);
server.listen(0, "127.0.0.1");
await once(server, "listening");
const { port } = server.address();

// One context per offer and version, as an application has; and now and then a fresh one, which must die again.
const contextFor = (keyParameters, version) =>
  withTokenBinding(
    () => tls.createSecureContext({ ca: credentials.cert, minVersion: version, maxVersion: version }),
    { keyParameters },
  );
const contexts = offers.flatMap((offer) =>
  ["TLSv1.2", "TLSv1.3"].map((version) => contextFor(offer, version)),
);

const counts = { agreed: 0, mismatched: 0, aborted: 0 };

async function connect(i) {
  const secureContext = i % 20 === 0 ? contextFor(offers[i % 3], "TLSv1.3") : contexts[i % contexts.length];
  const socket = tls.connect({ port, host: "127.0.0.1", servername: "localhost", secureContext });
  socket.on("error", () => undefined);
  if (i % 4 === 1) {
    counts.aborted++;
    setTimeout(() => socket.destroy(), i % 40);
    return once(socket, "close");
  }
  await once(socket, "secureConnect");
  const { ekm } = negotiatedTokenBinding(socket);
  const chunks = await socket.toArray();
  counts[Buffer.concat(chunks).equals(Buffer.from(ekm)) ? "agreed" : "mismatched"]++;
}

async function settle() {
  for (let i = 0; i < 20; i++) {
    collectGarbage();
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  return process.memoryUsage().rss / 2 ** 20;
}

const started = process.hrtime.bigint();
const memory = [];
for (let i = 0; i < total;) {
  const until = Math.min(total, i + total / 10);
  const lane = async () => {
    while (i < until) await connect(i++);
  };
  await Promise.all(Array.from({ length: atOnce }, lane));
  memory.push(Math.round(await settle()));
}
server.close();
await settle();
const { connections, indexed, configurations } = liveState();

console.log(
  JSON.stringify({
    ...{ total, ...counts, connections, indexed, configurations, residentMebibytes: memory },
    seconds: Number((process.hrtime.bigint() - started) / 1_000_000n) / 1000,
  }),
);
// A single reading goes up and down with the allocator's moods, but a leak lifts the lowest one too. The first
// tenth warms up.
const lowest = (readings) => Math.min(...readings);
const growth = lowest(memory.slice(6)) - lowest(memory.slice(1, 6));
process.exitCode =
  counts.mismatched + connections + indexed === 0 && configurations < 50 && growth < 8 ? 0 : 1;
