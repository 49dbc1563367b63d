import http, { type RequestListener } from "node:http";
import net, { type Server } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { inspect } from "node:util";
import type { TokenBinding } from "@tokbind/codec";
import { generateKey, tokenBindingHash } from "@tokbind/crypto";
import { certificate } from "@tokbind/testing";
import { keys, message } from "@tokbind/testing/messages";
import { listenInTest } from "@tokbind/testing/vitest";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import {
  type RequestVerifier,
  TokenBindingVerifier,
  type TokenBindingVerifierOptions,
} from "../../src/index.ts";
import { inject } from "./support/inject.ts";
import { type Answer, type Client, connect, type Protocol } from "./support/client.ts";

const ownHash = tokenBindingHash(keys.ec.id.bytes);
const otherHash = tokenBindingHash(keys.otherEc.id.bytes);

/** As short as a binding can be, so that HTTP/2 takes 400 in a field. */
const small: TokenBinding = {
  type: 77,
  id: {
    keyParameters: 99,
    publicKey: { kind: "opaque", bytes: Uint8Array.of(1) },
    bytes: Uint8Array.of(99, 0, 1, 1),
  },
  signature: new Uint8Array(64),
  extensions: [],
};

/** For servers under test: room for header sections of 100,000 bytes. */
export const serverOptions = {
  ...certificate,
  maxHeaderSize: 100_000,
  settings: { maxHeaderListSize: 100_000 },
};

/** The application of support/sessions.ts in one framework. */
export interface AdapterUnderTest {
  readonly protocols: readonly Protocol[];
  /** A TLS server with {@link serverOptions}, not listening, that negotiates Token Binding. */
  readonly secure: (verifier: RequestVerifier, protocol: Protocol) => Server | Promise<Server>;
  /** For requests without TLS, and for those that came over no connection. */
  readonly plain?: (verifier: RequestVerifier) => RequestListener | Promise<RequestListener>;
  /** Whether refusals are answered in JSON; otherwise as text. Default true. */
  readonly json?: boolean;
  /** Whether the framework itself reports what a handler throws, whatever is answered. Default false. */
  readonly reportsHandlers?: boolean;
}

/** What every adapter is tried with: an honest client, a thief, and requests that are not what they should be. */
export function testAdapter(adapter: AdapterUnderTest): void {
  describe.each(["production", "development"])("NODE_ENV=%s", (environment) => {
    // Frameworks report to the console what they take for mistakes of the application.
    const report = vi.fn<(...args: unknown[]) => void>();

    beforeEach(() => {
      vi.stubEnv("NODE_ENV", environment);
      report.mockClear();
      vi.spyOn(console, "error").mockImplementation(report);
    });

    afterEach(() => {
      vi.unstubAllEnvs();
      vi.restoreAllMocks();
      const refusals = report.mock.calls.filter((args) => inspect(args).includes("TokenBinding"));
      const isHandlers = (text: string) => adapter.reportsHandlers && text.includes("status: 401");
      expect(refusals.filter((args) => !isHandlers(inspect(args)))).toEqual([]);
    });

    describe.each(adapter.protocols)("%s", (protocol) => {
      testRefusals(adapter, protocol);
      // How a refusal is shown may depend on the environment; nothing else does.
      if (environment === "production") testAttacks(adapter, protocol);
    });

    const { plain } = adapter;
    if (plain === undefined) return;

    test("a request without a connection is served as unbound, or refused with a field", async () => {
      const listener = await plain(new TokenBindingVerifier());
      expect(await inject(listener, ["Host", "a"])).toEqual({ status: 200, text: '{"tbh":null}' });
      const answer = await inject(listener, ["Host", "a", "sec-token-binding", "AAAA"]);
      expectRefusal(adapter, answer, 400, "not_negotiated");
    });

    test("[TBP-4.2-02] plain HTTP: served as unbound, or refused with a field", async () => {
      const listener = await plain(new TokenBindingVerifier());
      const port = await listenInTest(http.createServer(listener));
      const send = async (headers: Record<string, string>): Promise<Answer> => {
        const response = await fetch(`http://127.0.0.1:${port}/`, { headers });
        return { status: response.status, text: await response.text() };
      };
      expect(await send({})).toEqual({ status: 200, text: '{"tbh":null}' });
      expectRefusal(adapter, await send({ "Sec-Token-Binding": "AAAA" }), 400, "not_negotiated");
    });
  });
}

function tools(adapter: AdapterUnderTest, protocol: Protocol) {
  const start = async (options: TokenBindingVerifierOptions = {}) => {
    const verifier = new TokenBindingVerifier(options);
    return listenInTest(await adapter.secure(verifier, protocol));
  };

  /** Tries what a stranger does, while an honest client goes on over its own connection. */
  const attack = async (
    attackers: (port: number) => Promise<void>,
    options: TokenBindingVerifierOptions = {},
  ): Promise<void> => {
    const port = await start(options);
    const honest = await connect(protocol, port);
    const value = await honest.prove(keys.ec);
    const work = attackers(port);
    const over = work.then(
      () => true,
      () => true,
    );
    do expect(await whoIs(honest, value)).toBe(ownHash);
    while (!(await Promise.race([over, delay(2, false)])));
    await work;
    expect(await whoIs(honest, value)).toBe(ownHash);
    const late = await connect(protocol, port);
    expect(await whoIs(late, await late.prove(keys.ec))).toBe(ownHash);
  };

  const refuses = (answer: Answer, status: number, code: string | RegExp) => {
    expectRefusal(adapter, answer, status, code);
  };
  return { start, attack, refuses };
}

function testRefusals(adapter: AdapterUnderTest, protocol: Protocol): void {
  const { start, attack, refuses } = tools(adapter, protocol);

  test("[TBP-5-03] [TBP-5-04] a session is good with its key, and worthless to a thief", async () => {
    const port = await start();
    const alice = await connect(protocol, port);
    const own = { "Sec-Token-Binding": await alice.prove(keys.ec) };
    const login = await alice.request({ method: "POST", path: "/login", headers: own });
    expect(login.status).toBe(200);
    const stolen = { Cookie: (JSON.parse(login.text) as { id: string }).id };
    const me = { path: "/me", headers: { ...own, ...stolen } };
    expect(await alice.request(me)).toEqual({ status: 200, text: '{"user":"alice"}' });

    const silent = await connect(protocol, port, { offer: false });
    refuses(await silent.request({ path: "/me", headers: stolen }), 401, "token_binding_missing");
    const thief = await connect(protocol, port);
    refuses(await thief.request({ path: "/me", headers: stolen }), 401, "token_binding_missing");
    const other = { "Sec-Token-Binding": await thief.prove(keys.otherEc) };
    refuses(
      await thief.request({ path: "/me", headers: { ...stolen, ...other } }),
      401,
      "token_binding_mismatch",
    );
    refuses(await thief.request(me), 400, "signature_invalid");
    refuses(await alice.request({ path: "/me", headers: own }), 401, "token_unbound");
    expect((await alice.request(me)).status).toBe(200);
  });

  test("a verifier that requires Token Binding refuses requests without", async () => {
    const client = await connect(protocol, await start({ required: true }));
    refuses(await client.request(), 400, "header_missing");
    expect(await whoIs(client, await client.prove(keys.ec))).toBe(ownHash);
  });

  test.each([
    ["rubbish", "rubbish", /^base64url_/],
    ["a character outside the alphabet", "A+A=", "base64url_character"],
    ["an empty field", "", /./],
    ["a message that ends too soon", "AIkAAgBB", "truncated"],
    ["the text of a stack", "at x (a.js:1:1)", "base64url_character"],
  ])("[TBH-2-04] %s is refused with 400", async (_kind, value, code) => {
    await attack(async (port) => {
      const client = await connect(protocol, port);
      refuses(await client.request({ headers: { "Sec-Token-Binding": value } }), 400, code);
      expect(await client.request()).toEqual({ status: 200, text: '{"tbh":null}' });
    });
  });
}

function testAttacks(adapter: AdapterUnderTest, protocol: Protocol): void {
  const { start, attack, refuses } = tools(adapter, protocol);

  test("[TBH-2-05] [A-11] two fields, or one joined by a comma, are refused", async () => {
    await attack(async (port) => {
      const client = await connect(protocol, port);
      const value = await client.prove(keys.ec);
      for (const field of [[value, value], `${value}, ${value}`, `${value},`]) {
        refuses(await client.request({ headers: { "Sec-Token-Binding": field } }), 400, "header_repeated");
      }
    });
  });

  test("[A-28] a trailer supplies no binding", async () => {
    await attack(async (port) => {
      const client = await connect(protocol, port);
      const trailers = { "Sec-Token-Binding": await client.prove(keys.ec) };
      const headers =
        protocol === "h2" ? {} : { "Transfer-Encoding": "chunked", Trailer: "Sec-Token-Binding" };
      const answer = await client.request({ method: "POST", path: "/login", headers, trailers });
      expect(answer.status).toBe(200);
      const { id } = JSON.parse(answer.text) as { id: string };
      const own = { "Sec-Token-Binding": trailers["Sec-Token-Binding"] };
      // Logged in as unbound: the binding of the trailer was not seen.
      refuses(await client.request({ path: "/me", headers: { ...own, Cookie: id } }), 401, "token_unbound");
    });
  });

  test("[TBP-4.2-07] what another connection has proven counts nothing here, however often it counted there", async () => {
    await attack(async (port) => {
      const alice = await connect(protocol, port);
      const value = await alice.prove(keys.otherEc);
      for (let i = 0; i < 5; i++) expect(await whoIs(alice, value)).toBe(otherHash);
      const thief = await connect(protocol, port);
      for (let i = 0; i < 5; i++) {
        const stolen = await thief.request({ headers: { "Sec-Token-Binding": value } });
        refuses(stolen, 400, "signature_invalid");
      }
      const silent = await connect(protocol, port, { offer: false });
      refuses(await silent.request({ headers: { "Sec-Token-Binding": value } }), 400, "not_negotiated");
    });
  });

  test("400 bindings are refused before any signature is verified", async () => {
    const value = message(...Array.from({ length: 400 }, () => small));
    await attack(
      async (port) => {
        const client = await connect(protocol, port);
        const answer = await client.request({ headers: { "Sec-Token-Binding": value } });
        refuses(answer, 400, /^(message_too_long|too_many_bindings)$/);
      },
      { maxMessageLength: 65_535 },
    );
  });

  test("1 MB of headers ends the request or the connection, not the server", async () => {
    await attack(async (port) => {
      const client = await connect(protocol, port);
      const headers = { "Sec-Token-Binding": "A".repeat(1_000_000) };
      const answer = await client.request({ headers }).catch(() => undefined);
      expect([undefined, 400, 431]).toContain(answer?.status);
    });
  });

  test("aborted requests disturb nobody", async () => {
    await attack(async (port) => {
      for (let i = 0; i < 10; i++) {
        const client = await connect(protocol, port);
        const headers = { "Sec-Token-Binding": i % 2 === 0 ? await client.prove(keys.ec) : "rubbish" };
        const answer = client.request({ headers, method: "POST", path: "/login" }).catch(() => undefined);
        await delay(i % 3);
        client.socket.destroy();
        await Promise.race([answer, delay(50)]);
      }
    });
  });

  if (protocol === "http/1.1") {
    test("slow requests disturb nobody, and are served once they are whole", async () => {
      await attack(async (port) => {
        const client = await connect(protocol, port);
        const lines = `GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nSec-Token-Binding: ${await client.prove(keys.ec)}\r\n\r\n`;
        for (const part of lines.match(/[^]{1,20}/g)!) {
          client.socket.write(part);
          await delay(1);
        }
        const answer = Buffer.concat((await client.socket.toArray()) as Buffer[]).toString();
        expect(answer).toMatch(/^HTTP\/1\.1 200 /);
        expect(answer).toContain(ownHash);
        const abandoned = await connect(protocol, port);
        abandoned.socket.write(lines.slice(0, 100));
        await delay(10);
        abandoned.socket.destroy();
      });
    });

    test("what is no TLS, or no HTTP, disturbs nobody", async () => {
      await attack(async (port) => {
        const noTls = net.connect(port, "127.0.0.1").on("error", () => undefined);
        noTls.end("GET / HTTP/1.1\r\n\r\n");
        const noHttp = await connect(protocol, port);
        noHttp.socket.end("\0\0Sec-Token-Binding\r\n\r\n");
        await delay(20);
      });
    });
  }

  test("[A-27] 20 connections with 20 requests each: every request has its own identity", async () => {
    const port = await start();
    const clients = Array.from({ length: 20 }, async () => {
      const client = await connect(protocol, port);
      const own = await generateKey("ecdsap256");
      const values = [await client.prove(own), await client.prove(keys.ec), undefined];
      const expected = [tokenBindingHash(own.id.bytes), ownHash, null];
      const requests = Array.from({ length: 20 }, async (_, i) => {
        expect(await whoIs(client, values[i % 3])).toBe(expected[i % 3]);
      });
      await Promise.all(requests);
    });
    await Promise.all(clients);
  });
}

async function whoIs(client: Client, value?: string): Promise<string | null> {
  const answer = await client.request({ headers: value === undefined ? {} : { "Sec-Token-Binding": value } });
  expect(answer.status).toBe(200);
  return (JSON.parse(answer.text) as { tbh: string | null }).tbh;
}

/** Status and code, and nothing of the program's inside. */
export function expectRefusal(
  { json = true }: Pick<AdapterUnderTest, "json">,
  answer: Answer,
  status: number,
  code: string | RegExp,
): void {
  expect(answer.text).not.toMatch(/\bat .*\(|node:internal|\.[jt]s:\d|node_modules/);
  const refusal = json
    ? (JSON.parse(answer.text) as Record<string, unknown>)
    : { statusCode: status, code: answer.text.split(":")[0], message: answer.text };
  expect({ status: answer.status, ...refusal }).toMatchObject({
    status,
    statusCode: status,
    code: typeof code === "string" ? code : (expect.stringMatching(code) as string),
    message: expect.any(String) as string,
  });
}
