import { once } from "node:events";
import dns from "node:dns";
import http from "node:http";
import https from "node:https";
import net from "node:net";
import { join } from "node:path";
import tls from "node:tls";
import { createCipheriv, createPrivateKey, randomBytes } from "node:crypto";
import { TokenBindingError } from "@tokbind/codec";
import { certificate } from "@tokbind/testing";
import { listenInTest, temporaryDirectory } from "@tokbind/testing/vitest";
import { negotiatedTokenBinding, withTokenBinding } from "@tokbind/tls";
import { request } from "undici";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import {
  MemoryKeyStore,
  type TlsOptions,
  TokenBindingAgent,
  type TokenBindingAgentOptions,
} from "../src/index.ts";
import { tlsOptionNames } from "../src/agent/tls-options.ts";
import { failure, get, makeAgent, toLoopback } from "./support/agents.ts";
import { type Origin, serve } from "./support/origin.ts";

type Shown = { readonly [Name in keyof TlsOptions]-?: () => Promise<void> };

const open = (origin: Origin, connect: TlsOptions, name = "localhost") =>
  request(`https://${name}:${origin.port}/`, { dispatcher: makeAgent({ connect }) }).then(({ body }) =>
    body.text(),
  );

const socketOf = (origin: Origin) => [...origin.sockets][0]!;
const tlsOf = (origin: Origin) => origin.seen[0]!.socket as tls.TLSSocket;
const clientCertificate = () => ({ requestCert: true, ca: certificate.cert });
const encryptedKey = (passphrase: string) =>
  createPrivateKey(certificate.key).export({
    type: "pkcs8",
    format: "pem",
    cipher: "aes-256-cbc",
    passphrase,
  }) as string;

/** What each option does, shown by a connection that would be another one without it. */
const shown: Shown = {
  async ca() {
    const origin = await serve();
    expect(await failure(open(origin, { ca: [] }))).toMatchObject({ code: "DEPTH_ZERO_SELF_SIGNED_CERT" });
    await open(origin, { ca: [certificate.cert] });
  },
  async cert() {
    const origin = await serve(clientCertificate());
    await open(origin, { cert: certificate.cert, key: certificate.key });
    expect(tlsOf(origin).getPeerX509Certificate()?.subject).toBeDefined();
  },
  async key() {
    const origin = await serve(clientCertificate());
    await open(origin, { cert: certificate.cert, key: [certificate.key] });
    expect(tlsOf(origin).authorized).toBe(true);
  },
  async passphrase() {
    const origin = await serve(clientCertificate());
    await open(origin, { cert: certificate.cert, key: encryptedKey("open"), passphrase: "open" });
    expect(tlsOf(origin).authorized).toBe(true);
    expect(() =>
      makeAgent({ connect: { cert: certificate.cert, key: encryptedKey("open"), passphrase: "no" } }),
    ).toThrow(TokenBindingError);
  },
  async pfx() {
    await Promise.resolve();
    // What is no PKCS #12 shows that it is read.
    expect(() => makeAgent({ connect: { pfx: Buffer.alloc(64) } })).toThrow(/a TLS context, got [a-z]/);
  },
  async crl() {
    await Promise.resolve();
    expect(() => makeAgent({ connect: { crl: "none" } })).toThrow("got ERR_CRYPTO_OPERATION_FAILED");
  },
  async ciphers() {
    const origin = await serve({ maxVersion: "TLSv1.2" });
    await open(origin, { ciphers: "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305" });
    expect(tlsOf(origin).getCipher().name).toMatch(/CHACHA20/);
  },
  async ecdhCurve() {
    const origin = await serve({ ecdhCurve: "P-384:P-256" });
    expect(await failure(open(origin, { ecdhCurve: "P-521" }))).toMatchObject({
      code: expect.stringMatching(/SSL/) as string,
    });
    await open(origin, { ecdhCurve: "P-384" });
  },
  async maxVersion() {
    const origin = await serve();
    await open(origin, { maxVersion: "TLSv1.2" });
    expect(origin.seen[0]!.tlsVersion).toBe("TLSv1.2");
  },
  async minVersion() {
    const origin = await serve({ maxVersion: "TLSv1.2" });
    expect(await failure(open(origin, { minVersion: "TLSv1.3" }))).toBeInstanceOf(Error);
    await open(origin, { minVersion: "TLSv1.2" });
  },
  async secureOptions() {
    const origin = await serve();
    const { SSL_OP_NO_TLSv1_3 } = (await import("node:constants")).default as unknown as Record<
      string,
      number
    >;
    await open(origin, { secureOptions: SSL_OP_NO_TLSv1_3 });
    expect(origin.seen[0]!.tlsVersion).toBe("TLSv1.2");
  },
  async sigalgs() {
    const origin = await serve();
    expect(await failure(open(origin, { sigalgs: "ed25519" }))).toBeInstanceOf(Error);
    await open(origin, { sigalgs: "ecdsa_secp256r1_sha256:rsa_pss_rsae_sha256" });
  },
  async checkServerIdentity() {
    const origin = await serve();
    const names: string[] = [];
    await open(
      origin,
      { checkServerIdentity: (name) => void names.push(name), lookup: toLoopback },
      "wrong.example",
    );
    expect(names).toEqual(["wrong.example"]);
    const refused = new Error("refused");
    expect(await failure(open(origin, { checkServerIdentity: () => refused }))).toBe(refused);
  },
  async rejectUnauthorized() {
    const origin = await serve();
    await open(origin, { ca: [], rejectUnauthorized: false });
    expect(await failure(open(origin, { ca: [], rejectUnauthorized: true }))).toBeInstanceOf(Error);
  },
  async servername() {
    const origin = await serve();
    await open(origin, { servername: "www.example.com" });
    await open(origin, { servername: "www.example.com" }, "127.0.0.1");
    expect(origin.seen.map(({ servername }) => servername)).toEqual(["www.example.com", "www.example.com"]);
  },
  async lookup() {
    const origin = await serve();
    await open(origin, { lookup: toLoopback }, "www.example.com");
    expect(origin.seen).toHaveLength(1);
  },
  async family() {
    const origin = await serve();
    const families: unknown[] = [];
    const lookup: net.LookupFunction = (name, options, callback) => {
      families.push(options.family);
      toLoopback(name, options, callback);
    };
    await open(origin, { lookup, family: 4 });
    expect(families).toEqual([4]);
  },
  async hints() {
    const origin = await serve();
    const hints: unknown[] = [];
    const lookup: net.LookupFunction = (name, options, callback) => {
      hints.push(options.hints);
      toLoopback(name, options, callback);
    };
    await open(origin, { lookup, hints: dns.ADDRCONFIG });
    expect(hints).toEqual([dns.ADDRCONFIG]);
  },
  async autoSelectFamily() {
    const origin = await serve();
    const all: unknown[] = [];
    const lookup: net.LookupFunction = (name, options, callback) => {
      all.push(Boolean(options.all));
      toLoopback(name, options, callback);
    };
    await open(origin, { lookup, autoSelectFamily: true });
    await open(origin, { lookup, autoSelectFamily: false });
    expect(all).toEqual([true, false]);
  },
  async autoSelectFamilyAttemptTimeout() {
    const origin = await serve();
    const connect = vi.spyOn(tls, "connect");
    await open(origin, { autoSelectFamilyAttemptTimeout: 1234 });
    expect(connect.mock.calls[0]![0]).toMatchObject({ autoSelectFamilyAttemptTimeout: 1234 });
    connect.mockRestore();
  },
  async localAddress() {
    const origin = await serve();
    let address: string | undefined;
    origin.server.on("connection", (socket: net.Socket) => (address = socket.remoteAddress));
    await open(origin, { localAddress: "127.0.0.9" });
    expect(address).toBe("127.0.0.9");
  },
  async timeout() {
    const server = net.createServer();
    const port = await listenInTest(server);
    const agent = makeAgent({ connect: { timeout: 50 } });
    const start = Date.now();
    const error = await failure(request(`https://localhost:${port}/`, { dispatcher: agent }));
    expect(error).toMatchObject({
      code: "UND_ERR_CONNECT_TIMEOUT",
      message: `no connection to https://localhost:${port} in 50 ms`,
    });
    expect(Date.now() - start).toBeLessThan(5_000);
  },
  async keepAlive() {
    const origin = await serve();
    const set = vi.spyOn(tls.TLSSocket.prototype, "setKeepAlive");
    await open(origin, {});
    await open(origin, { keepAlive: false });
    expect(set.mock.calls).toEqual([
      [true, 60_000],
      [false, 60_000],
    ]);
    set.mockRestore();
  },
  async keepAliveInitialDelay() {
    const origin = await serve();
    const set = vi.spyOn(tls.TLSSocket.prototype, "setKeepAlive");
    await open(origin, { keepAliveInitialDelay: 5_000 });
    expect(set.mock.calls).toEqual([[true, 5_000]]);
    set.mockRestore();
  },
  async highWaterMark() {
    const origin = await serve();
    const connect = vi.spyOn(tls, "connect");
    await open(origin, { highWaterMark: 1234 });
    expect((connect.mock.results[0]!.value as tls.TLSSocket).readableHighWaterMark).toBe(1234);
    connect.mockRestore();
  },
  async socketPath() {
    const path = join(await temporaryDirectory(), "origin");
    const seen: unknown[] = [];
    const server = withTokenBinding(() =>
      https.createServer(certificate, ({ socket }, response) => {
        seen.push(
          negotiatedTokenBinding(socket)?.keyParameters,
          (socket as tls.TLSSocket & { servername: string }).servername,
        );
        response.end();
      }),
    );
    server.listen(path);
    onTestFinished(() => void server.close());
    await once(server, "listening");
    await get(makeAgent({ connect: { socketPath: path } }), "https://localhost/");
    expect(seen).toEqual(["ecdsap256", "localhost"]);
  },
  async maxCachedSessions() {
    for (const [maxCachedSessions, resumed] of [
      [0, false],
      [1, true],
    ] as const) {
      const origin = await serve({
        answer: (_incoming, response) => response.setHeader("connection", "close").end(),
      });
      const agent = makeAgent({ connect: { maxCachedSessions } });
      await get(agent, origin.url);
      await get(agent, origin.url);
      expect(origin.seen.map((seen) => seen.resumed)).toEqual([false, resumed]);
    }
  },
};

describe("every option of connect has its effect", () => {
  test.each(tlsOptionNames)("%s", async (name) => {
    await shown[name]();
  });

  test("each of them is shown", () => {
    expect(Object.keys(shown).sort()).toEqual([...tlsOptionNames].sort());
  });

  test("those that have to do with the network, over http as well", async () => {
    const addresses: unknown[] = [];
    const server = http.createServer((incoming, response) => {
      addresses.push(incoming.socket.remoteAddress);
      response.end("plain");
    });
    const port = await listenInTest(server);
    const connect: TlsOptions = {
      lookup: toLoopback,
      localAddress: "127.0.0.9",
      servername: "www.example.com",
    };
    expect(await get(makeAgent({ connect }), `http://www.example.org:${port}/`)).toBe("plain");
    expect(addresses).toEqual(["127.0.0.9"]);

    const silent = net.createServer();
    const agent = makeAgent({ connect: { timeout: 50, lookup: () => undefined } });
    const url = `http://www.example.com:${await listenInTest(silent)}/`;
    expect(await failure(request(url, { dispatcher: agent }))).toMatchObject({
      code: "UND_ERR_CONNECT_TIMEOUT",
    });
  });

  test("undefined is the default, for the check of the certificate too", async () => {
    const origin = await serve();
    const unset = Object.fromEntries(tlsOptionNames.map((name) => [name, undefined]));
    const agent = new TokenBindingAgent({ connect: unset });
    const error = await failure(request(origin.url, { dispatcher: agent }));
    expect(error).toMatchObject({ code: "DEPTH_ZERO_SELF_SIGNED_CERT" });
    await agent.destroy();
    const trusting = new TokenBindingAgent({ connect: { ...unset, ca: certificate.cert } });
    const wrong = `https://[::ffff:127.0.0.1]:${origin.port}/`;
    expect(await failure(request(wrong, { dispatcher: trusting }))).toBeInstanceOf(Error);
    await get(trusting, origin.url);
    await trusting.destroy();
    expect(origin.seen).toHaveLength(1);
  });
});

describe("a timeout of 0 is none, and one that was met is over", () => {
  test.each([0, 200])("%j", async (timeout) => {
    const origin = await serve({
      answer: (_incoming, response) => {
        setTimeout(() => response.end("late"), 300);
      },
    });
    expect(await open(origin, { timeout })).toBe("late");
  });
});

const invalid = (options: unknown) => {
  const create = () => new TokenBindingAgent(options as TokenBindingAgentOptions);
  expect(create).toThrow(TokenBindingError);
  expect(create).toThrow(expect.objectContaining({ code: "invalid_argument" }) as Error);
  return expect(create);
};

describe("what can have no effect is refused", () => {
  test.each([
    "ALPNProtocols",
    "allowH2",
    "host",
    "path",
    "port",
    "secureContext",
    "session",
    "socket",
    "noDelay",
    "minDHSize",
    "preferH2",
    "typeOfService",
    "secureProtocol",
    "dhparam",
    "ticketKeys",
    "sessionIdContext",
    "privateKeyEngine",
    "clientCertEngine",
    "allowPartialTrustChain",
    "minTLSVersion",
    "fd",
    "signal",
    "onread",
    "allowHalfOpen",
    "blockList",
    "localPort",
    "pskCallback",
    "requestOCSP",
    "honorCipherOrder",
    "sessionTimeout",
    "enableTrace",
    "constructor",
  ])("connect.%s", (name) => {
    invalid({ connect: { [name]: 1 } }).toThrow(`got "${name}"`);
  });

  const impossible: Record<keyof TlsOptions, unknown[]> = {
    autoSelectFamily: ["yes", 1],
    autoSelectFamilyAttemptTimeout: [-1, "1"],
    ca: [5, {}],
    cert: [true, "no PEM"],
    checkServerIdentity: [true],
    ciphers: [5, "no-such-cipher"],
    crl: [5, "no PEM"],
    ecdhCurve: [5, "no-such-curve"],
    family: [5, "4", null],
    highWaterMark: [0, "1"],
    hints: [-1, "1"],
    keepAlive: ["yes"],
    keepAliveInitialDelay: [-1, 1.5, NaN],
    key: [5, "no PEM"],
    localAddress: [5, "somewhere"],
    lookup: ["dns"],
    maxCachedSessions: [-1, 1.5, "1"],
    maxVersion: ["TLSv9", 3],
    minVersion: ["SSLv2"],
    passphrase: [5],
    pfx: [5],
    rejectUnauthorized: ["false", 0, null],
    secureOptions: ["1", -1],
    servername: [5, "", "127.0.0.1", "a:1"],
    sigalgs: [5, "no-such-algorithm"],
    socketPath: [5, ""],
    timeout: [-1, NaN, Infinity, "1"],
  };
  test.each(tlsOptionNames)("impossible values of connect.%s", (name) => {
    for (const value of impossible[name]) invalid({ connect: { [name]: value } });
  });

  test.each([
    [{ connections: 0 }, "connections: expected a whole number, 1 or more, or null, got 0"],
    [{ connections: -1 }, "connections"],
    [{ connections: 1.5 }, "connections"],
    [{ connections: NaN }, "connections"],
    [{ allowH2: "yes" }, "allowH2"],
    [{ keyStore: {} }, "keyStore"],
    [{ keyStore: null }, "keyStore"],
    [{ keyStore: { get: () => undefined } }, "keyStore"],
    [{ keyParameters: "ecdsap256" }, "keyParameters"],
    [{ keyParameters: [] }, "keyParameters"],
    [{ keyParameters: ["ecdsap512"] }, "key parameters"],
    [{ scope: "example.com" }, "scope"],
    [{ observe: true }, "observe"],
    [{ connect: () => undefined }, "connect"],
    [{ connect: null }, "connect"],
    [{ factory: () => undefined }, 'got "factory"'],
    [null, "options"],
  ])("%j", (options, message) => {
    invalid(options).toThrow(message);
  });

  test("no error shows a passphrase or a key", () => {
    const secret = "a9f3c1d7e5b2";
    const cipher = createCipheriv("aes-128-ecb", randomBytes(16), null);
    cipher.end();
    for (const connect of [
      { passphrase: Buffer.from(secret) },
      { key: secret },
      { cert: certificate.cert, key: encryptedKey("other"), passphrase: secret },
      { key: { pem: secret } },
      { key: [{ pem: secret, passphrase: secret }] },
    ]) {
      let error: unknown;
      try {
        new TokenBindingAgent({ connect: connect as TlsOptions });
      } catch (caught) {
        error = caught;
      }
      expect(error).toBeInstanceOf(TokenBindingError);
      for (let each: unknown = error; each instanceof Error; each = each.cause) {
        expect(String(each.stack)).not.toContain(secret);
      }
    }
  });
});

test("a certificate of a client and a key store of its own go together", async () => {
  const origin = await serve(clientCertificate());
  const agent = makeAgent({
    keyStore: new MemoryKeyStore(),
    connect: { cert: certificate.cert, key: certificate.key },
  });
  await get(agent, origin.url);
  expect(tlsOf(origin).authorized).toBe(true);
  expect(origin.seen[0]!.id).toBeDefined();
  socketOf(origin).destroy();
  await once(agent, "disconnect");
});
