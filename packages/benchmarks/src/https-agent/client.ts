// A client of https-agents.ts, in a process of its own: `node client.js PORT AGENT WAY COUNT`. Whenever it is asked, it
// sends so many requests and answers with the microseconds of processor time that each of them took.

import https from "node:https";
import { text } from "node:stream/consumers";
import { TokenBindingHttpsAgent } from "@tokbind/client";
import { certificate } from "@tokbind/testing";

const [port, kind, way, count] = process.argv.slice(2);
const options = { ca: certificate.cert, keepAlive: way === "kept" };
const agent = kind === "ours" ? new TokenBindingHttpsAgent(options) : new https.Agent(options);
// What a client that logged in usually sends; Token Binding is for such requests.
const headers = {
  accept: "application/json",
  "user-agent": "bench/1.0",
  cookie: `__Host-session=${"eyJhbGciOiJIUzI1NiJ9.".padEnd(240, "x")}`,
  // As long as a message with one ECDSA key: the least that Token Binding can cost where connections are kept alive.
  ...(kind === "field" && { "sec-token-binding": "A".repeat(186) }),
};

async function send(): Promise<void> {
  await new Promise((resolve, reject) => {
    const request = https.get(`https://localhost:${port}/account`, { agent, headers }, (response) => {
      resolve(text(response));
    });
    request.on("error", reject);
  });
}

async function run(): Promise<number> {
  const before = process.cpuUsage();
  for (let i = 0; i < Number(count); i++) await send();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / Number(count);
}

process.on("message", () => {
  void run().then((microseconds) => process.send!(microseconds));
});
process.once("disconnect", () => process.exit());
process.send!("ready");
