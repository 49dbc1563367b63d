import { once } from "node:events";
import net from "node:net";
import { certificate, listen } from "@tokbind/testing";
import { expect, onTestFinished } from "vitest";
import {
  TokenBindingAgent,
  type TokenBindingAgentOptions,
  type TokenBindingKeyStore,
} from "../../src/index.ts";

/** An agent for the length of a test, which trusts the origins of tests. */
export function makeAgent(options: TokenBindingAgentOptions = {}): TokenBindingAgent {
  const agent = new TokenBindingAgent({ ...options, connect: { ca: certificate.cert, ...options.connect } });
  onTestFinished(() => agent.destroy());
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

/** A key store of which a test says what it gives. */
export function storeOf(get: TokenBindingKeyStore["get"]): TokenBindingKeyStore {
  return { get, delete: () => Promise.resolve(), clear: () => Promise.resolve() };
}

/** All names are on this machine. */
export const toLoopback: net.LookupFunction = (_hostname, options, callback) => {
  if (options.all) callback(null, [{ address: "127.0.0.1", family: 4 }]);
  else callback(null, "127.0.0.1", 4);
};

export async function unusedPort(): Promise<number> {
  const server = net.createServer();
  const port = await listen(server);
  server.close();
  await once(server, "close");
  return port;
}
