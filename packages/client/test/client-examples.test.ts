import { execFile } from "node:child_process";
import { readdirSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { WebSocketServer } from "ws";
import { serveProxy } from "./support/forward-proxy.ts";
import { serve } from "./support/origin.ts";

// The clients of docs/guide/http-libraries.md, as their first lines say how to run them: on the compiled package.

const file = (path: string) => fileURLToPath(new URL(`../../../${path}`, import.meta.url));
const folder = file("docs/examples/clients/");
const scripts = readdirSync(folder).filter((name) => name.endsWith(".js"));

/** Answers with the ID that was proven, in HTTP and by WebSocket. */
async function start() {
  const origin = await serve({
    answer: (_incoming, response) => {
      response.setHeader("content-type", "text/plain").end(`proven: ${origin.seen.at(-1)!.id}`);
    },
  });
  const webSockets = new WebSocketServer({ noServer: true });
  origin.server.on("upgrade", (incoming: IncomingMessage, socket, head: Buffer) => {
    webSockets.handleUpgrade(incoming, socket, head, (webSocket) => {
      webSocket.send(`proven: ${origin.look(incoming).id}`);
    });
  });
  return origin;
}

describe("each example proves a key", () => {
  test.each(scripts)("%s", async (script) => {
    const origin = await start();
    const proxy = await serveProxy();
    const url = origin.url.replace("https", script === "ws.js" ? "wss" : "https");
    const args = [folder + script, file("packages/testing/certificate/cert.pem"), `${url}/`];
    if (script === "proxy.js") args.push(proxy.url);
    const { stdout } = await promisify(execFile)(process.execPath, args);
    expect(stdout).toMatch(/^proven: [\w-]{90,}$/m);
    expect(stdout).not.toContain("undefined");
    if (script !== "proxy.js") return;
    expect(stdout).toContain(`${url}/ ${proxy.url}\n`);
    expect(stdout.match(/^proven/gm)).toHaveLength(2);
    expect(proxy.seen).toHaveLength(2);
  });
});
