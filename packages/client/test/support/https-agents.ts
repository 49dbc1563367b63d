import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import https from "node:https";
import { text } from "node:stream/consumers";
import { certificate } from "@tokbind/testing";
import { onTestFinished } from "vitest";
import { TokenBindingHttpsAgent, type TokenBindingHttpsAgentOptions } from "../../src/index.ts";
import { toLoopback } from "./agents.ts";

/** For the length of a test; trusts the origins of tests, and finds all names on this machine. */
export function makeHttpsAgent(options: TokenBindingHttpsAgentOptions = {}): TokenBindingHttpsAgent {
  const agent = new TokenBindingHttpsAgent({ ca: certificate.cert, lookup: toLoopback, ...options });
  onTestFinished(() => {
    agent.destroy();
  });
  return agent;
}

/** Sends a request and returns the text of the answer. */
export async function send(
  agent: https.Agent,
  url: string,
  options: https.RequestOptions = {},
  body?: string | Buffer,
): Promise<string> {
  const request = https.request(url, { agent, ...options }).end(body);
  const [response] = (await once(request, "response")) as [IncomingMessage];
  return text(response);
}
