import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { tokenBindingHash } from "@tokbind/crypto";
import { keys } from "@tokbind/testing/messages";
import { beforeAll, describe, expect, test } from "vitest";
import { connect, type Protocol } from "./support/client.ts";

// The servers of docs/guide/frameworks.md, as their first lines say how to run them: on the compiled packages.

const file = (path: string) => fileURLToPath(new URL(`../../../../${path}`, import.meta.url));
const pem = (name: string) => file(`packages/testing/certificate/${name}.pem`);
const folder = file("docs/examples/servers/");

/** Starts a server for the tests of a `describe`, and returns its port. */
function startForAll(script: string, more: string[]): () => number {
  let port = 0;
  beforeAll(async () => {
    const args = [folder + script, pem("cert"), pem("key"), "0", ...more];
    const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
    const [line] = (await once(createInterface(child.stdout), "line")) as [string];
    port = Number(/port: (\d+)/.exec(line)?.[1]);
    return async () => {
      child.kill();
      await once(child, "close");
    };
  });
  return () => port;
}

const servers: [script: string, protocol: Protocol, ...args: string[]][] = [
  ["express.js", "http/1.1"],
  ["fastify.js", "http/1.1"],
  ["fastify.js", "h2", "2"],
  ["hapi.js", "http/1.1"],
  ["hono.js", "http/1.1"],
  ["hono.js", "h2", "2"],
  ["http2-stream.js", "h2"],
  ["koa.js", "http/1.1"],
  ["koa.js", "h2", "2"],
  ["dist/nestjs.js", "http/1.1"],
];

test("every example is run here", () => {
  const names = readdirSync(folder).filter((name) => /\.[jt]s$/.test(name));
  const run = servers.map(([script]) => script.replace(/^dist\/(.*)\.js$/, "$1.ts"));
  expect(names.sort()).toEqual([...new Set(run)].sort());
});

describe.each(servers)("%s %s", (script, protocol, ...args) => {
  const port = startForAll(script, args);
  const open = async (options: { offer?: boolean } = {}) => {
    // "localhost" is the one or the other address.
    return connect(protocol, port(), { host: "localhost", ...options });
  };

  test("knows a client by its key", async () => {
    const client = await open();
    const headers = { "Sec-Token-Binding": await client.prove(keys.ec) };
    const expected = { status: 200, text: JSON.stringify({ tbh: tokenBindingHash(keys.ec.id.bytes) }) };
    expect(await client.request({ headers })).toEqual(expected);
  });

  test("serves a client without Token Binding", async () => {
    const client = await open({ offer: false });
    expect(await client.request()).toEqual({ status: 200, text: '{"tbh":null}' });
  });

  test("answers a field that proves nothing with 400 and the code", async () => {
    const client = await open();
    const answer = await client.request({ headers: { "Sec-Token-Binding": "A" } });
    expect(answer.status).toBe(400);
    expect(answer.text).toContain("base64url_length");
    expect(answer.text).not.toMatch(/\bat .*\(|node_modules/);
  });
});
