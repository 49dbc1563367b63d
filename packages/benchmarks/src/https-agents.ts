import { ask, start, stop } from "./children.ts";
import { type Comparison, compareInTurn, median, ratioResult } from "./compare.ts";
import type { Result } from "./result.ts";

/** As with servers, two processes that run the same differ by some hundredths for as long as they live. */
const restarts = 5;

/** What TokenBindingHttpsAgent costs a client beside https.Agent: processor time of the client's process per request. */
export async function httpsAgentResults(): Promise<Result[]> {
  const results: Result[] = [];
  for (const [way, name, count, target] of [
    ["kept", "one connection, kept alive", 1_500, 1.05],
    ["fresh", "a new connection for each request", 100, 1],
  ] as const) {
    const subject = `processor time of TokenBindingHttpsAgent, ${name}: of https.Agent`;
    const result = ratioResult(subject, await compareAgents("ours", way, count), "lower", target);
    const { ratio } = await compareAgents("field", way, count);
    const floor = `https.Agent with a field of that length: ${ratio.toPrecision(3)}`;
    results.push({ ...result, detail: `${result.detail}; ${floor}` });
  }
  return results;
}

async function compareAgents(kind: "ours" | "field", way: string, count: number): Promise<Comparison> {
  const [server, port] = await start<number>("https-agent/server.js");
  const startClient = async (kind: string) =>
    (await start("https-agent/client.js", [port, kind, way, count]))[0];
  const comparisons: Comparison[] = [];
  for (let i = 0; i < restarts; i++) {
    const clients = [await startClient(kind), await startClient("node"), await startClient("node")];
    const [own, node, again] = clients.map((client) => () => ask<number>(client, "go"));
    comparisons.push(await compareInTurn(own!, node!, 7, 3, again));
    await stop(...clients);
  }
  await stop(server);
  const of = (name: keyof Comparison) => median(comparisons.map((comparison) => comparison[name]));
  return { ratio: of("ratio"), noise: of("noise"), ours: of("ours"), baseline: of("baseline") };
}
