import { spawn } from "node:child_process";
import { once } from "node:events";
import http2 from "node:http2";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import tls, { type TLSSocket } from "node:tls";
import { fileURLToPath } from "node:url";
import { generateKey, tokenBindingHash } from "@tokbind/crypto";
import { makeBinding, message, provided } from "@tokbind/testing/messages";
import { negotiatedTokenBinding, withTokenBinding } from "@tokbind/tls";
import type { Result } from "./result.ts";

const connections = 200;
const requests = 500;
const servers: [name: string, protocol: "http/1.1" | "h2", script: string, ...args: string[]][] = [
  ["express", "http/1.1", "express.js"],
  ["fastify", "http/1.1", "fastify.js"],
  ["fastify", "h2", "fastify.js", "2"],
  ["hono", "http/1.1", "hono.js"],
  ["hono", "h2", "hono.js", "2"],
  ["koa", "http/1.1", "koa.js"],
  ["koa", "h2", "koa.js", "2"],
  ["nestjs", "http/1.1", "dist/nestjs.js"],
];

/**
 * Whether each of 100,000 requests gets its own identity, through the examples of docs/examples/servers: over every
 * connection two keys and no key at all take turns, in HTTP/2 many at a time.
 */
export async function adapterResults(): Promise<Result[]> {
  const results: Result[] = [];
  for (const [name, protocol, script, ...args] of servers) {
    const start = performance.now();
    const value = await countWrong(protocol, script, args);
    const seconds = ((performance.now() - start) / 1000).toFixed(1);
    results.push({
      name: `requests with another identity than their own, through ${name} over ${protocol}`,
      ...{ value, unit: "", target: 0, better: "lower" },
      detail: `${connections} connections × ${requests} requests in ${seconds} s`,
    });
  }
  return results;
}

async function countWrong(protocol: string, script: string, args: string[]): Promise<number> {
  const file = (path: string) => fileURLToPath(new URL(`../../../${path}`, import.meta.url));
  const pem = (name: string) => file(`packages/testing/certificate/${name}.pem`);
  const server = spawn(
    process.execPath,
    [file(`docs/examples/servers/${script}`), pem("cert"), pem("key"), "0", ...args],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  const [line] = (await once(createInterface(server.stdout), "line")) as [string];
  const port = Number(/port: (\d+)/.exec(line)?.[1]);
  const secureContext = withTokenBinding(() => tls.createSecureContext(), { keyParameters: ["ecdsap256"] });
  const wrong = await Promise.all(
    Array.from({ length: connections }, async () => {
      const socket = tls.connect({
        port,
        host: "localhost",
        ALPNProtocols: [protocol],
        rejectUnauthorized: false,
        secureContext,
      });
      await once(socket, "secureConnect");
      const fields = await makeFields(socket);
      return protocol === "h2" ? tryHttp2(socket, fields) : tryHttp1(socket, fields);
    }),
  );
  server.kill();
  await once(server, "close");
  return wrong.reduce((sum, count) => sum + count, 0);
}

interface Field {
  readonly value?: string;
  /** What the server has to answer. */
  readonly expected: string;
}

async function makeFields(socket: TLSSocket): Promise<Field[]> {
  const { ekm } = negotiatedTokenBinding(socket)!;
  const fields: Field[] = [{ expected: JSON.stringify({ tbh: null }) }];
  for (let i = 0; i < 2; i++) {
    const key = await generateKey("ecdsap256");
    const value = message(await makeBinding({ type: provided, key, ekm }));
    fields.push({ value, expected: JSON.stringify({ tbh: tokenBindingHash(key.id.bytes) }) });
  }
  return fields;
}

async function tryHttp1(socket: TLSSocket, fields: Field[]): Promise<number> {
  let wrong = 0;
  for (let i = 0; i < requests; i++) {
    const { value, expected } = fields[i % fields.length]!;
    const line = value === undefined ? "" : `Sec-Token-Binding: ${value}\r\n`;
    socket.write(`GET / HTTP/1.1\r\nHost: localhost\r\n${line}\r\n`);
    const [answer] = (await once(socket, "data")) as [Buffer];
    if (!answer.includes(`\r\n\r\n${expected}`)) wrong++;
  }
  socket.destroy();
  return wrong;
}

async function tryHttp2(socket: TLSSocket, fields: Field[]): Promise<number> {
  const session = http2.connect("https://localhost", { createConnection: () => socket });
  let wrong = 0;
  const send = async (start: number) => {
    for (let i = start; i < requests; i += parallel) {
      const { value, expected } = fields[i % fields.length]!;
      const stream = session.request(value === undefined ? {} : { "sec-token-binding": value });
      if ((await text(stream)) !== expected) wrong++;
    }
  };
  await Promise.all(Array.from({ length: parallel }, (_, start) => send(start)));
  session.destroy();
  return wrong;
}

const parallel = 20;
