import { type Comparison, compareInTurn, median } from "./compare.ts";
import { ask, start, stop } from "./children.ts";
import type { Meter } from "./meters.ts";

/** A server and a client, each in a process of its own. */
export interface Pair {
  /** The server's script and arguments. It says its port, then what is asked of {@link Meter}. */
  readonly server: readonly [script: string, ...args: string[]];
  /** The client's: it gets the port as its first argument, says when it is ready, and works whenever it is asked. */
  readonly client: readonly [script: string, ...args: (string | number)[]];
}

export interface Measure {
  readonly meter: Meter;
  /** What one unit of work is to the client: connections, requests. */
  readonly count: number;
  readonly rounds: number;
}

/** Two processes that run the same differ by some hundredths for as long as they live. */
const restarts = 3;

/**
 * Compares what two servers use for the same work of their clients, in microseconds per unit: medians over processes
 * started afresh. A second server of the baseline's kind stands beside the first and tells the noise.
 */
export async function compareServers(ours: Pair, baseline: Pair, measure: Measure): Promise<Comparison> {
  const comparisons: Comparison[] = [];
  for (let i = 0; i < restarts; i++) {
    const own = await startPair(ours, measure);
    const other = await startPair(baseline, measure);
    const again = await startPair(baseline, measure);
    comparisons.push(await compareInTurn(own.measure, other.measure, measure.rounds, 2, again.measure));
    await stop(...own.children, ...other.children, ...again.children);
  }
  const of = (name: keyof Comparison) => median(comparisons.map((comparison) => comparison[name]));
  return { ratio: of("ratio"), noise: of("noise"), ours: of("ours"), baseline: of("baseline") };
}

async function startPair(pair: Pair, { meter, count }: Measure) {
  const [serverScript, ...serverArguments] = pair.server;
  const [server, port] = await start<number>(serverScript, serverArguments);
  const [clientScript, ...clientArguments] = pair.client;
  const [client] = await start<string>(clientScript, [port, ...clientArguments]);
  const measure = async (): Promise<number> => {
    const before = await ask<number>(server, meter);
    await ask(client, "go");
    return ((await ask<number>(server, meter)) - before) / count;
  };
  return { measure, children: [client, server] };
}
