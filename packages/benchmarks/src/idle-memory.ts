import { ask, start, stop } from "./children.ts";
import { median } from "./compare.ts";
import type { Result } from "./result.ts";

const connections = 2_000;
const rounds = 3;

/** Each of a server of connection/server.ts with a client of connection/idle.ts. */
const kinds = {
  plain: ["plain", "none"],
  bare: ["bare", "none"],
  negotiated: ["bound", "negotiated"],
  verified: ["bound", "verified"],
} as const;

type Kind = keyof typeof kinds;

/** What an idle connection of an https server takes more, once Token Binding is negotiated, and once it is verified. */
export async function idleMemoryResults(): Promise<Result[]> {
  const growth: Record<Kind, number[]> = { plain: [], bare: [], negotiated: [], verified: [] };
  for (let round = 0; round < rounds; round++) {
    for (const [kind, values] of Object.entries(growth)) values.push(await memoryOf(kind as Kind));
  }
  const plain = median(growth.plain);
  const spread = Math.max(...growth.plain) - Math.min(...growth.plain);
  const floor = median(growth.bare) - plain;
  return (["negotiated", "verified"] as const).map((kind) => ({
    name: `memory of an idle connection that has ${kind}, over that of a plain one`,
    ...{ value: median(growth[kind]) - plain, unit: "KiB", target: 2, better: "lower" },
    detail:
      `plain ${plain.toFixed(1)} KiB, in ${rounds} processes ${spread.toFixed(1)} KiB apart; ${connections} ` +
      `connections, V8 and C; one crypto.verify and the exporter alone leave ${floor.toFixed(1)} KiB`,
  }));
}

/** KiB that a connection takes in a server of its own. */
async function memoryOf(kind: Kind): Promise<number> {
  const [serverKind, clientKind] = kinds[kind];
  const [server, port] = await start<number>("connection/server.js", serverKind);
  const [client] = await start<string>("connection/idle.js", port, clientKind, connections);
  const before = await ask<number>(server, "memory in use");
  await ask(client, "go");
  const after = await ask<number>(server, "memory in use");
  await stop(client, server);
  return (after - before) / connections / 1024;
}
