import { ask, start, stop } from "./children.ts";
import { type Comparison, compareInTurn, median, ratioResult } from "./compare.ts";
import type { Result } from "./result.ts";

/** As with servers, two processes that run the same differ by some hundredths for as long as they live. */
const restarts = 5;

/** What TokenBindingAgent costs a client beside undici's Agent: processor time of the client's process per request. */
export async function clientResults(): Promise<Result[]> {
  const results: Result[] = [];
  for (const [way, name, count, target] of [
    ["request", "request() over one connection, kept alive", 2_000, 1.05],
    ["fetch", "fetch() over one connection, kept alive", 1_000, 1.05],
    ["http2", "request() over one HTTP/2 connection, 16 at a time", 3_200, 1.05],
    ["connection", "a new connection for each request, TLS context shared", 100, 1],
  ] as const) {
    const subject = `processor time of TokenBindingAgent, ${name}: of undici's Agent`;
    const result = ratioResult(subject, await compareClients("ours", way, count), "lower", target);
    const { ratio } = await compareClients("field", way, count);
    const floor = `undici's Agent with a field of that length: ${ratio.toPrecision(3)}`;
    results.push({ ...result, detail: `${result.detail}; ${floor}` });
  }
  return results;
}

async function compareClients(kind: "ours" | "field", way: string, count: number): Promise<Comparison> {
  const [server, port] = await start<number>("client/server.js");
  const startClient = async (dispatcher: string) =>
    (await start("client/client.js", [port, dispatcher, way, count]))[0];
  const comparisons: Comparison[] = [];
  for (let i = 0; i < restarts; i++) {
    const clients = [await startClient(kind), await startClient("undici"), await startClient("undici")];
    const [own, undici, again] = clients.map((client) => () => ask<number>(client, "go"));
    comparisons.push(await compareInTurn(own!, undici!, 7, 3, again));
    await stop(...clients);
  }
  await stop(server);
  const of = (name: keyof Comparison) => median(comparisons.map((comparison) => comparison[name]));
  return { ratio: of("ratio"), noise: of("noise"), ours: of("ours"), baseline: of("baseline") };
}
