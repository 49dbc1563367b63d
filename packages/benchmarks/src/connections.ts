import { compareServers, type Measure, type Pair } from "./compare-servers.ts";
import { type Comparison, ratioResult } from "./compare.ts";
import type { Result } from "./result.ts";

const isNode20 = process.versions.node.startsWith("20.");

interface Arrival extends Measure {
  readonly parallel: number;
}

/** What Token Binding adds to a server's new connections of one request each: one after the other, and all at once. */
export async function connectionResults(): Promise<Result[]> {
  const calm: Arrival = { meter: "processor", count: 200, parallel: 1, rounds: 5 };
  const burst: Arrival = { meter: "main thread", count: 1_000, parallel: 1_000, rounds: 2 };
  const calmFloor = await floorOf(calm);
  const burstFloor = await floorOf(burst);
  const results: Result[] = [];
  for (const [name, keys, arrival, target, floor] of [
    ["processor time of a new connection with one ECDSA verification", "known", calm, 1.12, calmFloor],
    ["main-thread time of a burst of 1,000 new connections, known keys", "known", burst, 1.25, burstFloor],
    [
      "main-thread time of a burst of 1,000 new connections, new keys",
      ...(["new", burst, isNode20 ? 1.9 : 1.6, burstFloor] as const),
    ],
  ] as const) {
    const comparison = await compareArrivals(["bound", keys], arrival);
    const result = ratioResult(`${name}: of one without Token Binding`, comparison, "lower", target);
    results.push({ ...result, detail: `${result.detail}; ${floor}` });
  }
  return results;
}

/** What nobody can do with less, as long as node:crypto verifies. */
async function floorOf(arrival: Arrival): Promise<string> {
  const { ratio } = await compareArrivals(["bare", "none"], arrival);
  return `one crypto.verify with a KeyObject and the exporter alone make it ${ratio.toFixed(3)}`;
}

function compareArrivals([kind, keys]: [string, string], arrival: Arrival): Promise<Comparison> {
  const pair = (server: string, client: string): Pair => ({
    server: ["connection/server.js", server],
    client: ["connection/client.js", client, arrival.count, arrival.parallel],
  });
  return compareServers(pair(kind, keys), pair("plain", "none"), arrival);
}
