import type { ChildProcess } from "node:child_process";
import { TokenBindingAgent } from "@tokbind/client";
import { ask, start, stop } from "./children.ts";
import { median } from "./compare.ts";
import type { Result } from "./result.ts";

const connections = 1000;
const seconds = 15;

/**
 * An honest client of a server that 1,000 connections of strangers attack at the same time, each with one request a
 * second: a valid message with 3,700 extensions, then one with a new key and a bad signature, and so on. Beside that the
 * same with 1,000 honest connections.
 */
export async function attackResults(): Promise<Result[]> {
  const honest = await siege("honest");
  const attacked = await siege("attack");
  const time = `${attacked.microseconds.toFixed(0)} µs among ${attacked.answered} requests of attackers, `;
  const memory = `over ${attacked.start.toFixed(0)} MiB with all connected; honest clients ${honest.growth.toFixed(0)} MiB`;
  return [
    {
      name: `memory that ${connections} attackers take from a server in ${seconds} seconds`,
      ...{ value: attacked.growth, unit: "MiB", target: 64, better: "lower", detail: memory },
    },
    {
      name: `time of an honest client's request under ${connections} attackers: of that among as many honest clients`,
      ...{ value: attacked.microseconds / honest.microseconds, unit: "", target: 2, better: "lower" },
      detail: `${time}${honest.microseconds.toFixed(0)} µs among ${honest.answered} of honest clients`,
    },
  ];
}

async function siege(kind: "honest" | "attack") {
  const [server, port] = await start<number>("attack/server.js");
  const agent = new TokenBindingAgent({ connect: { rejectUnauthorized: false }, connections: 1 });
  const url = `https://localhost:${port}/`;
  const request = async (): Promise<number> => {
    const from = process.hrtime.bigint();
    const response = await agent.fetch(url);
    if (response.status !== 200) throw new Error(`the honest client got ${response.status}`);
    await response.text();
    return Number(process.hrtime.bigint() - from) / 1000;
  };
  for (let i = 0; i < 500; i++) await request();
  const [strangers] = await start<string>("attack/attackers.js", [port, connections, kind]);
  const before = await memory(server);
  strangers.send("go");
  const times: number[] = [];
  for (const end = Date.now() + seconds * 1000; Date.now() < end;) {
    times.push(await request());
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  const answered = await ask<number>(strangers, "answered");
  const growth = (await memory(server)) - before;
  await agent.destroy();
  await stop(strangers, server);
  return { start: before, growth, answered, microseconds: median(times) };
}

/** MiB. */
async function memory(server: ChildProcess): Promise<number> {
  return (await ask<number>(server, "resident memory")) / 2 ** 20;
}
