import dns from "node:dns";
import tls from "node:tls";
import { createPrivateKey } from "node:crypto";
import { TokenBindingError } from "@tokbind/codec";
import { certificate } from "@tokbind/testing";
import { describe, expect, test, vi } from "vitest";
import { TokenBindingHttpsAgent, type TokenBindingHttpsAgentOptions } from "../src/index.ts";
import { agentOptionNames } from "../src/https-agent/https-agent-options.ts";
import { failure, toLoopback } from "./support/agents.ts";
import { makeHttpsAgent, send } from "./support/https-agents.ts";
import { type Origin, serve } from "./support/origin.ts";

type Name = (typeof agentOptionNames)[number];

const passphrase = "open";
const encryptedKey = createPrivateKey(certificate.key).export({
  type: "pkcs8",
  format: "pem",
  cipher: "aes-256-cbc",
  passphrase,
}) as string;

/** What goes to node:tls: a value, and what it needs beside it. */
const handedOn: Partial<Record<Name, [value: unknown, beside?: TokenBindingHttpsAgentOptions]>> = {
  ALPNProtocols: [["http/1.1"]],
  autoSelectFamily: [false],
  autoSelectFamilyAttemptTimeout: [1234],
  enableTrace: [false],
  family: [4],
  hints: [dns.ADDRCONFIG],
  localAddress: ["127.0.0.9"],
  localPort: [0],
  lookup: [toLoopback],
  minDHSize: [2048],
  pskCallback: [() => null],
  rejectUnauthorized: [false, { ca: undefined }],
  servername: ["www.example.org"],
  timeout: [54_321],
};

/** What goes into the TLS context. */
const inContext: Partial<Record<Name, [value: unknown, beside?: TokenBindingHttpsAgentOptions]>> = {
  allowPartialTrustChain: [true],
  ca: [[certificate.cert]],
  cert: [certificate.cert, { key: certificate.key }],
  ciphers: ["TLS_AES_128_GCM_SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES128-GCM-SHA256"],
  ecdhCurve: ["P-256"],
  key: [certificate.key, { cert: certificate.cert }],
  maxVersion: ["TLSv1.2"],
  minVersion: ["TLSv1.3"],
  passphrase: [passphrase, { cert: certificate.cert, key: encryptedKey }],
  secureOptions: [0],
  secureProtocol: ["TLSv1_2_method"],
  sigalgs: ["ecdsa_secp256r1_sha256:rsa_pss_rsae_sha256"],
};

/** What a test cannot make a good one of: that it is read is shown by what OpenSSL says of a bad one. */
const read: Partial<Record<Name, unknown>> = {
  clientCertEngine: "no-such-engine",
  crl: "no PEM",
  pfx: Buffer.alloc(64),
  privateKeyEngine: "no-such-engine",
  privateKeyIdentifier: "no-such-key",
};

const closing = {
  answer: (_incoming: unknown, response: { end: () => void }) => {
    response.end();
  },
};

/** Where each of several requests at a time went. */
async function ports(origin: Origin, agent: TokenBindingHttpsAgent, count: number): Promise<unknown[]> {
  const before = origin.seen.length;
  await Promise.all(Array.from({ length: count }, () => send(agent, origin.url)));
  return origin.seen.slice(before).map(({ socket }) => (socket as tls.TLSSocket).remotePort);
}

/** What https.Agent itself acts upon. */
const shown: Partial<Record<Name, () => Promise<void>>> = {
  async checkServerIdentity() {
    const origin = await serve();
    const refused = new Error("refused");
    const agent = makeHttpsAgent({ checkServerIdentity: () => refused });
    expect(await failure(send(agent, origin.url))).toBe(refused);
  },
  async keepAlive() {
    for (const [keepAlive, connections] of [
      [undefined, 1],
      [true, 1],
      [false, 2],
    ] as const) {
      const origin = await serve();
      const agent = makeHttpsAgent({ keepAlive });
      await send(agent, origin.url);
      await send(agent, origin.url);
      expect(origin.connections()).toBe(connections);
    }
  },
  async keepAliveMsecs() {
    const origin = await serve();
    const set = vi.spyOn(tls.TLSSocket.prototype, "setKeepAlive");
    await send(makeHttpsAgent({ keepAliveMsecs: 4321 }), origin.url);
    await expect.poll(() => set.mock.calls).toContainEqual([true, 4321]);
    set.mockRestore();
  },
  async maxCachedSessions() {
    for (const [maxCachedSessions, resumed] of [
      [0, false],
      [1, true],
    ] as const) {
      const origin = await serve({
        answer: (_incoming, response) => response.setHeader("connection", "close").end(),
      });
      const agent = makeHttpsAgent({ maxCachedSessions });
      await send(agent, origin.url);
      await send(agent, origin.url);
      expect(origin.seen.map((seen) => seen.resumed)).toEqual([false, resumed]);
    }
  },
  async maxFreeSockets() {
    const origin = await serve();
    await ports(origin, makeHttpsAgent({ maxFreeSockets: 1 }), 3);
    await expect.poll(() => origin.sockets.size).toBe(1);
  },
  async maxSockets() {
    const origin = await serve();
    expect(new Set(await ports(origin, makeHttpsAgent({ maxSockets: 2 }), 6)).size).toBe(2);
  },
  async maxTotalSockets() {
    const [one, other] = [await serve(closing), await serve(closing)];
    const agent = makeHttpsAgent({ maxTotalSockets: 1, keepAlive: false });
    let most = 0;
    for (const { server } of [one, other]) {
      server.on("connection", () => (most = Math.max(most, one.sockets.size + other.sockets.size)));
    }
    await Promise.all([one, other, one, other].map(({ url }) => send(agent, url)));
    // A connection that is over at this end may not yet be at the other.
    expect(most).toBeLessThanOrEqual(2);
    expect(agent.maxTotalSockets).toBe(1);
  },
  async noDelay() {
    const origin = await serve();
    const set = vi.spyOn(tls.TLSSocket.prototype, "setNoDelay");
    // A request that is signed is written by itself, so that it would wait for the acknowledgement of the handshake.
    for (const noDelay of [undefined, true, false]) await send(makeHttpsAgent({ noDelay }), origin.url);
    expect(set.mock.calls).toEqual([[true], [true], [false]]);
    set.mockRestore();
  },
  async scheduling() {
    for (const scheduling of ["fifo", "lifo"] as const) {
      const origin = await serve();
      const agent = makeHttpsAgent({ scheduling });
      await ports(origin, agent, 3);
      const free = Object.values(agent.freeSockets)[0]!.map(({ localPort }) => localPort);
      const [next] = await ports(origin, agent, 1);
      expect(next).toBe(scheduling === "fifo" ? free[0] : free.at(-1));
    }
  },
  async timeout() {
    const origin = await serve({ keepAliveTimeout: 60_000 });
    await send(makeHttpsAgent({ timeout: 100 }), origin.url);
    await expect.poll(() => origin.sockets.size).toBe(0);
  },
};

describe("every option of https.Agent has its effect", () => {
  test.each(Object.keys(handedOn) as Name[])("%s reaches the connection", async (name) => {
    const [value, beside] = handedOn[name]!;
    const origin = await serve();
    const connect = vi.spyOn(tls, "connect");
    const agent = makeHttpsAgent({ ...beside, [name]: value });
    await send(agent, `https://www.example.com:${origin.port}/`);
    expect(connect.mock.calls).toHaveLength(1);
    expect(connect.mock.calls[0]![0]).toHaveProperty(name, value);
    connect.mockRestore();
    expect(origin.seen[0]!.id).toBeDefined();
  });

  test.each(Object.keys(inContext) as Name[])("%s reaches the TLS context", async (name) => {
    const [value, beside] = inContext[name]!;
    const origin = await serve();
    const create = vi.spyOn(tls, "createSecureContext");
    const agent = makeHttpsAgent({ ...beside, [name]: value });
    await send(agent, origin.url);
    // Made once, by the constructor.
    expect(create.mock.calls).toHaveLength(1);
    expect(create.mock.calls[0]![0]).toHaveProperty(name, value);
    create.mockRestore();
    expect(origin.seen[0]!.id).toBeDefined();
  });

  test.each(Object.keys(read) as Name[])("%s is read", (name) => {
    const beside = name.startsWith("privateKey")
      ? { privateKeyEngine: "no-such-engine", privateKeyIdentifier: "no-such-key" }
      : {};
    invalid({ ...beside, [name]: read[name] }).toThrow(/expected options that make a TLS context/);
  });

  test.each(Object.keys(shown) as Name[])("%s", async (name) => {
    await shown[name]!();
  });

  test("each of them is shown", () => {
    const all = [handedOn, inContext, read, shown].flatMap((each) => Object.keys(each));
    expect([...new Set(all)].sort()).toEqual([...agentOptionNames].sort());
  });

  test("undefined is the default", async () => {
    const origin = await serve();
    const unset = Object.fromEntries(agentOptionNames.map((name) => [name, undefined]));
    const agent = makeHttpsAgent(unset);
    expect(await failure(send(agent, origin.url))).toMatchObject({ code: "DEPTH_ZERO_SELF_SIGNED_CERT" });
    await send(makeHttpsAgent({ ...unset, ca: certificate.cert }), origin.url);
    expect(origin.seen[0]!.id).toBeDefined();
  });
});

const invalid = (options: unknown) => {
  const create = () => new TokenBindingHttpsAgent(options as TokenBindingHttpsAgentOptions);
  expect(create).toThrow(TokenBindingError);
  expect(create).toThrow(expect.objectContaining({ code: "invalid_argument" }) as Error);
  return expect(create);
};

describe("what can have no effect, or a wrong one, is refused", () => {
  test.each([
    "createConnection",
    "secureContext",
    "session",
    "socket",
    "socketPath",
    "host",
    "port",
    "path",
    "proxyEnv",
    "signal",
    "keepAliveInitialDelay",
    "honorCipherOrder",
    "dhparam",
    "ticketKeys",
    "keystore",
    "constructor",
  ])("%s", (name) => {
    invalid({ [name]: 1 }).toThrow(`got "${name}"`);
  });

  test.each([
    [{ ALPNProtocols: ["h2", "http/1.1"] }, "ALPNProtocols"],
    [{ ca: 5 }, "ca"],
    [{ cert: "no PEM" }, "TLS context"],
    [{ keepAlive: "yes" }, "keepAlive"],
    [{ keyParameters: [] }, "keyParameters"],
    [{ keyParameters: "ecdsap256" }, "keyParameters"],
    [{ keyStore: {} }, "keyStore"],
    [{ maxSockets: 0 }, "maxSockets"],
    [{ maxSockets: "1" }, "maxSockets"],
    [{ minVersion: "TLSv9" }, "TLS context"],
    [{ observe: true }, "observe"],
    [{ scheduling: "random" }, 'expected "fifo" or "lifo"'],
    [{ scope: "example.com" }, "scope"],
    [{ servername: "127.0.0.1" }, "servername"],
    [{ timeout: -1 }, "timeout"],
    [null, "options"],
  ])("%j", (options, message) => {
    invalid(options).toThrow(message);
  });
});
