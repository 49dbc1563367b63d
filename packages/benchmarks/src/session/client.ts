// The client of sessions.ts, in a process of its own: `node client.js PORT REQUESTS`. Logs in over one connection and says
// so; whenever it is asked, it sends so many requests with its cookie, each with the same Sec-Token-Binding field, and
// answers when all are answered.

import { TokenBindingAgent } from "@tokbind/client";

const [port, requests] = process.argv.slice(2);
const agent = new TokenBindingAgent({ connect: { rejectUnauthorized: false }, connections: 1 });
const origin = `https://localhost:${port}`;
const response = await agent.fetch(`${origin}/login`);
await response.text();
const cookie = response.headers.get("set-cookie")!.split(";")[0]!;

async function run(): Promise<void> {
  for (let i = 0; i < Number(requests); i++) {
    const { statusCode, body } = await agent.request({
      origin,
      path: "/",
      method: "GET",
      headers: { cookie },
    });
    if (statusCode !== 200 || (await body.text()) !== "alice") throw new Error("not logged in");
  }
}

process.on("message", () => {
  void run().then(() => process.send!(0));
});
process.once("disconnect", () => process.exit());
process.send!("ready");
