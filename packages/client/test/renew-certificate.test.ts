import type { IncomingMessage, ServerResponse } from "node:http";
import type { TLSSocket } from "node:tls";
import { makeCertificate, TestAuthority } from "@tokbind/testing";
import { describe, expect, test } from "vitest";
import { get, makeAgent } from "./support/agents.ts";
import { makeHttpsAgent, send } from "./support/https-agents.ts";
import { serve } from "./support/origin.ts";

const root = await TestAuthority.create("Clients");
const alice = (value: string) => root.issue({ names: [{ type: "email", value }] });
const [old, renewed] = [await alice("old@example.test"), await alice("new@example.test")];

/** Says whose certificate a connection has, when it is told to. */
async function startAsking(http2: boolean) {
  const waiting: (() => void)[] = [];
  const answer = (request: IncomingMessage, response: ServerResponse) => {
    const certificate = (request.socket as unknown as TLSSocket).getPeerX509Certificate();
    const send = () => response.end(certificate?.subjectAltName ?? "nobody");
    if (request.url === "/slow") waiting.push(send);
    else send();
  };
  const origin = await serve({ answer, http2, requestCert: true, ca: root.cert });
  return { origin, waiting };
}

describe.each([false, true])("HTTP/2: %s", (allowH2) => {
  test("[CA-24] [A-63] a renewed certificate is that of all later requests; those under way end on their connection", async () => {
    const { origin, waiting } = await startAsking(allowH2);
    const agent = makeAgent({ connect: { cert: old.cert, key: old.key }, allowH2 });
    expect(await get(agent, origin.url)).toBe("email:old@example.test");
    const slow = get(agent, `${origin.url}/slow`);
    while (waiting.length === 0) await new Promise(setImmediate);

    const { renewCertificate } = agent;
    renewCertificate({ cert: renewed.cert, key: renewed.key });
    expect(await get(agent, origin.url)).toBe("email:new@example.test");
    waiting[0]!();
    expect(await slow).toBe("email:old@example.test");
    expect(await get(agent, origin.url)).toBe("email:new@example.test");
    // With the same key as before.
    const ids = new Set(origin.seen.map(({ id }) => id));
    expect(ids.size).toBe(1);
    expect(ids.has(undefined)).toBe(false);
    expect(origin.seen.map(({ resumed }) => resumed)).not.toContain(true);
  });

  test("an idle connection closes, also where only one is allowed", async () => {
    const { origin } = await startAsking(allowH2);
    const agent = makeAgent({ connect: { cert: old.cert, key: old.key }, allowH2, connections: 1 });
    for (const { cert, key } of [renewed, old, renewed]) {
      await get(agent, origin.url);
      agent.renewCertificate({ cert, key });
    }
    expect(await get(agent, origin.url)).toBe("email:new@example.test");
    expect(origin.connections()).toBe(4);
  });
});

test("the CAs that it trusts", async () => {
  const { origin } = await startAsking(false);
  const agent = makeAgent({ connect: { cert: old.cert, key: old.key } });
  await get(agent, origin.url);
  agent.renewCertificate({ ca: root.cert });
  await expect(get(agent, origin.url)).rejects.toThrow();
});

test("[A-63] what cannot be is refused, and changes nothing", async () => {
  const { origin } = await startAsking(false);
  const agent = makeAgent({ connect: { cert: old.cert, key: old.key } });
  const other = await makeCertificate("other");
  for (const options of [
    {},
    { cert: undefined },
    { servername: "a" },
    { nonsense: 1 },
    { cert: other.cert },
    { cert: "x", key: "y" },
    { pfx: Buffer.alloc(1), key: old.key },
    { pfx: Buffer.alloc(1) },
  ]) {
    expect(() => {
      agent.renewCertificate(options);
    }).toThrow(expect.objectContaining({ code: "invalid_argument" }));
  }
  expect(await get(agent, origin.url)).toBe("email:old@example.test");
  const none = makeAgent();
  expect(() => {
    none.renewCertificate({ cert: old.cert });
  }).toThrow(expect.objectContaining({ code: "invalid_argument" }));
});

describe("TokenBindingHttpsAgent", () => {
  const pair = ({ cert, key }: typeof old) => ({ cert, key });

  test("[CA-24] [A-63] a renewed certificate is that of all later requests; those under way end on their connection", async () => {
    const { origin, waiting } = await startAsking(false);
    const agent = makeHttpsAgent(pair(old));
    const { withoutTokenBinding, renewCertificate } = agent;
    expect(await send(agent, origin.url)).toBe("email:old@example.test");
    expect(await send(withoutTokenBinding, origin.url)).toBe("email:old@example.test");
    const slow = send(agent, `${origin.url}/slow`);
    await expect.poll(() => waiting.length).toBe(1);

    renewCertificate(pair(renewed));
    expect(await send(agent, origin.url)).toBe("email:new@example.test");
    expect(await send(withoutTokenBinding, origin.url)).toBe("email:new@example.test");
    waiting[0]!();
    expect(await slow).toBe("email:old@example.test");
    // Only connections with the new one are left.
    await expect.poll(() => origin.sockets.size).toBe(2);
    expect(await send(agent, origin.url)).toBe("email:new@example.test");
    expect(new Set(origin.seen.map(({ id }) => id)).size).toBe(2);
    expect(origin.connections()).toBe(4);
    expect(origin.seen.map(({ resumed }) => resumed)).not.toContain(true);
  });

  test("also of requests without Token Binding that come first after it", async () => {
    const { origin } = await startAsking(false);
    const agent = makeHttpsAgent(pair(old));
    agent.renewCertificate(pair(renewed));
    expect(await send(agent.withoutTokenBinding, origin.url)).toBe("email:new@example.test");
  });

  test("[A-63] what cannot be is refused, and changes nothing", async () => {
    const { origin } = await startAsking(false);
    const agent = makeHttpsAgent(pair(old));
    for (const options of [{}, { servername: "a" }, { cert: "x", key: "y" }, { pfx: Buffer.alloc(1) }]) {
      expect(() => {
        agent.renewCertificate(options);
      }).toThrow(expect.objectContaining({ code: "invalid_argument" }));
    }
    expect(await send(agent, origin.url)).toBe("email:old@example.test");
  });

  test("the CAs that it trusts", async () => {
    const { origin } = await startAsking(false);
    const agent = makeHttpsAgent(pair(old));
    await send(agent, origin.url);
    agent.renewCertificate({ ca: root.cert });
    await expect(send(agent, origin.url)).rejects.toThrow();
  });
});
