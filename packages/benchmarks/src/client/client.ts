// A client of clients.ts, in a process of its own: `node client.js PORT DISPATCHER WAY COUNT`. Whenever it is asked, it
// sends so many requests and answers with the microseconds of processor time that each of them took.

import tls from "node:tls";
import { TokenBindingAgent } from "@tokbind/client";
import { certificate } from "@tokbind/testing";
import { Agent, type Dispatcher } from "undici";

const [port, kind, way, count] = process.argv.slice(2);
const origin = `https://localhost:${port}`;
const options = { allowH2: way === "http2", connections: 1 };
const ca = certificate.cert;

const plainAgent = () => {
  // What everybody does who makes many connections: one TLS context for all.
  const connect = { secureContext: tls.createSecureContext({ ca }) };
  return new Agent({ ...options, pipelining: options.allowH2 ? 100 : 1, connect });
};
const dispatchers: Readonly<Record<string, () => Dispatcher>> = {
  ours: () => new TokenBindingAgent({ ...options, connect: { ca } }),
  undici: plainAgent,
  // The least that Token Binding can cost a client that keeps connections alive.
  field: plainAgent,
};
const dispatcher = dispatchers[kind!]!();

// What a client that logged in usually sends; Token Binding is for such requests.
const headers = {
  accept: "application/json",
  "user-agent": "bench/1.0",
  cookie: `__Host-session=${"eyJhbGciOiJIUzI1NiJ9.".padEnd(240, "x")}`,
  // As long as a message with one ECDSA key.
  ...(kind === "field" && { "sec-token-binding": "A".repeat(186) }),
};

async function request(reset: boolean): Promise<void> {
  const { body } = await dispatcher.request({ origin, path: "/account", method: "GET", headers, reset });
  await body.text();
}

/** The platform's fetch, or that of our agent; each over its own dispatcher. */
async function fetched(): Promise<void> {
  const response = await (dispatcher instanceof TokenBindingAgent
    ? dispatcher.fetch(origin, { headers })
    : fetch(origin, { headers, dispatcher } as unknown as RequestInit));
  await response.text();
}

const parallel = 16;
const ways: Readonly<Record<string, () => Promise<unknown>>> = {
  request: () => request(false),
  fetch: fetched,
  http2: () => Promise.all(Array.from({ length: parallel }, () => request(false))),
  connection: () => request(true),
};
const send = ways[way!]!;
const rounds = way === "http2" ? Number(count) / parallel : Number(count);

async function run(): Promise<number> {
  const before = process.cpuUsage();
  for (let i = 0; i < rounds; i++) await send();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / Number(count);
}

process.on("message", () => {
  void run().then((microseconds) => process.send!(microseconds));
});
process.once("disconnect", () => process.exit());
process.send!("ready");
