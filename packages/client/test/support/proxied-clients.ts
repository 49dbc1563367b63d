import { request } from "undici";
import type { ProxyOptions, SentRequest } from "../../src/index.ts";
import { makeAgent, toLoopback } from "./agents.ts";
import { makeHttpsAgent, send } from "./https-agents.ts";

interface ProxiedOptions extends ProxyOptions {
  readonly observe?: (sent: SentRequest) => void;
  /** Milliseconds until there has to be a connection. */
  readonly timeout?: number;
}

export type ProxiedClient = (options: ProxiedOptions) => (url: string) => Promise<string>;

/** The same request through either agent. Each call of the outer function makes an agent. */
export const proxiedClients: Record<string, ProxiedClient> = {
  TokenBindingAgent: ({ timeout, ...options }) => {
    const agent = makeAgent({ ...options, connect: { lookup: toLoopback, timeout } });
    return async (url) => (await request(url, { dispatcher: agent })).body.text();
  },
  TokenBindingHttpsAgent: ({ timeout, ...options }) => {
    const agent = makeHttpsAgent({ ...options, timeout });
    return (url) => send(agent, url);
  },
};
