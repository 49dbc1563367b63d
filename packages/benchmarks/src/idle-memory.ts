import { ask, start, stop } from "./children.ts";
import { median } from "./compare.ts";
import type { Result } from "./result.ts";

const connections = 2_000;
const rounds = 3;
/** KiB, less than any connection takes: TLS alone has buffers of 32 KiB. */
const smallest = 32;

/** Each of a server of connection/server.ts with a client of connection/idle.ts. */
const kinds = {
  plain: ["plain", "none"],
  negotiated: ["bound", "negotiated"],
  verified: ["bound", "verified"],
} as const;

type Kind = keyof typeof kinds;

/**
 * Has glibc fill each block that it hands out. Otherwise the buffers of a connection, which nobody has written to, become
 * resident page by page as other blocks happen to lie beside them, and move the result by kilobytes.
 */
const allocatedIsResident = { MALLOC_PERTURB_: "165" };

/** What an idle connection of an https server takes more, once Token Binding is negotiated, and once it is verified. */
export async function idleMemoryResults(): Promise<Result[]> {
  const growth: Record<Kind, number[]> = { plain: [], negotiated: [], verified: [] };
  for (let round = 0; round < rounds; round++) {
    for (const [kind, values] of Object.entries(growth)) values.push(await memoryOf(kind as Kind));
  }
  const plain = median(growth.plain);
  const spread = Math.max(...growth.plain) - Math.min(...growth.plain);
  return (["negotiated", "verified"] as const).map((kind) => ({
    name: `memory of an idle connection that has ${kind}, over that of a plain one`,
    ...{ value: median(growth[kind]) - plain, unit: "KiB", target: 2, better: "lower" },
    detail:
      `plain ${plain.toFixed(1)} KiB, in ${rounds} processes ${spread.toFixed(2)} KiB apart; ${connections} ` +
      "connections, objects of V8 and blocks of C",
  }));
}

/** KiB that a connection takes in a server of its own. */
async function memoryOf(kind: Kind): Promise<number> {
  const [serverKind, clientKind] = kinds[kind];
  const [server, port] = await start<number>("connection/server.js", [serverKind], allocatedIsResident);
  const [client] = await start<string>("connection/idle.js", [port, clientKind, connections]);
  const before = await ask<number>(server, "memory in use");
  await ask(client, "go");
  const after = await ask<number>(server, "memory in use");
  await stop(client, server);
  const growth = (after - before) / connections / 1024;
  // Now and then Linux gives the heap of C no more room, and glibc goes on elsewhere.
  return growth > smallest ? growth : memoryOf(kind);
}
