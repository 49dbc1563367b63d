import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { request } from "undici";
import { expect, onTestFinished, test } from "vitest";
import { makeAgent } from "./support/agents.ts";

// vitest fails the run at an unhandled rejection.

const total = 10_000;
const width = 40;
const methods = ["GET", "PUT", "POST", "DELETE", "HEAD"] as const;

interface Seen {
  readonly acted: Readonly<Record<string, number>>;
  readonly verified: number;
  readonly unproven: number;
  readonly requests: number;
  readonly connections: number;
}

test.each(["h1", "h2"])(
  "%s: 10,000 requests and a server that ends connections at the worst moments: none that may be repeated is lost, none is acted on twice that may not be [A-48]",
  async (protocol) => {
    const script = fileURLToPath(new URL("support/losing-server.js", import.meta.url));
    const server = fork(script, [protocol], { execArgv: [] });
    server.once("exit", (code) => code === null || expect.fail(`the server ended with ${code}`));
    onTestFinished(() => void server.kill());
    const [port] = (await once(server, "message")) as [number];
    const agent = makeAgent({ allowH2: protocol === "h2", connections: 20 });
    const failed: [string, NodeJS.ErrnoException][] = [];
    let sent = 0;
    let cutOff = 0;
    const run = async () => {
      while (sent < total) {
        const id = sent++;
        const method = methods[id % methods.length]!;
        const path = `/${method}/${id}`;
        const body = method === "PUT" || method === "POST" ? "body" : null;
        try {
          const options = { method, body, dispatcher: agent };
          const answer = await request(`https://localhost:${port}${path}`, options);
          // An answer that has begun may be cut off; the application has its status already.
          const text = await answer.body.text().catch(() => undefined);
          if (text === undefined) cutOff++;
          else expect(["ok", ""]).toContain(text);
        } catch (error) {
          failed.push([path, error as Error]);
        }
      }
    };
    await Promise.all(Array.from({ length: width }, run));
    await agent.close();
    const answer = once(server, "message");
    server.send("what?");
    const [seen] = (await answer) as [Seen];

    expect(failed.filter(([path]) => !path.startsWith("/POST/"))).toEqual([]);
    for (const [, { code }] of failed) expect(code).toMatch(/^(UND_ERR_|ECONNRESET|EPIPE|ERR_HTTP2_)/);
    for (const [path, times] of Object.entries(seen.acted)) {
      if (path.startsWith("/POST/")) expect([path, times]).toEqual([path, 1]);
    }
    // All of it happened.
    expect(failed.length).toBeGreaterThan(0);
    expect(cutOff).toBeLessThan(total / 20);
    expect(seen.requests).toBeGreaterThan(total);
    expect(seen.connections).toBeGreaterThan(50);
    expect(seen.unproven).toBe(0);
    expect(seen.verified).toBeGreaterThan(total * 0.95);
  },
  180_000,
);
