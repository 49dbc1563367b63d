import { once } from "node:events";
import net, { type AddressInfo } from "node:net";
import { afterEach, expect } from "vitest";
import { TokenBindingAgent, type TokenBindingAgentOptions } from "../../src/index.ts";
import { certificate, type Origin, type OriginOptions, startOrigin } from "./origin.ts";

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** Runs after the test, the last one first. */
export function atEnd(cleanup: () => Promise<unknown>): void {
  cleanups.push(cleanup);
}

/** An origin for the length of a test. */
export async function serve(options?: OriginOptions): Promise<Origin> {
  const origin = await startOrigin(options);
  atEnd(() => origin.close());
  return origin;
}

/** An agent for the length of a test, which trusts those origins. */
export function makeAgent(options: TokenBindingAgentOptions = {}): TokenBindingAgent {
  const agent = new TokenBindingAgent({ ...options, connect: { ca: certificate, ...options.connect } });
  atEnd(() => agent.destroy());
  return agent;
}

export async function get(agent: TokenBindingAgent, url: string): Promise<string> {
  return (await agent.fetch(url)).text();
}

/** What a promise is rejected with. */
export async function failure(promise: Promise<unknown>): Promise<Error> {
  return promise.then(
    () => expect.fail("expected a failure"),
    (error: unknown) => error as Error,
  );
}

/** The rest of a key store that a test makes up. */
export const noKeyStore = { delete: () => Promise.resolve(), clear: () => Promise.resolve() };

/** All names are on this machine. */
export const toLoopback: net.LookupFunction = (_hostname, options, callback) => {
  if (options.all) callback(null, [{ address: "127.0.0.1", family: 4 }]);
  else callback(null, "127.0.0.1", 4);
};

export async function unusedPort(): Promise<number> {
  const server = net.createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
