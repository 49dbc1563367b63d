import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import http, { type RequestListener } from "node:http";
import https from "node:https";
import { mkdtempSync, rmSync } from "node:fs";
import net, { type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import tls from "node:tls";
import { encodeBase64url, encodeOtherTokenBindingIDs } from "@tokbind/codec";
import { tokenBindingHash } from "@tokbind/crypto";
import { certificate, makeCertificate } from "@tokbind/testing";
import { keys, opaqueBinding } from "@tokbind/testing/messages";
import { listenInTest } from "@tokbind/testing/vitest";
import express from "express";
import { describe, expect, onTestFinished, test } from "vitest";
import { tokenBinding } from "../src/adapters/express.ts";
import {
  type NodeRequest,
  ProxiedTokenBindingVerifier,
  type ProxiedTokenBindingVerifierOptions,
  type TrustedProxies,
} from "../src/index.ts";

const proxy = await makeCertificate("proxy");
const stranger = await makeCertificate("stranger");
const thumbprint = new X509Certificate(proxy.cert).fingerprint256.replaceAll(":", "");
const thumbprints = [Buffer.from(thumbprint, "hex").toString("base64url")];

const encoded = encodeBase64url(keys.ec.id.bytes);
const provided = `Sec-Provided-Token-Binding-ID: ${encoded}`;
const referred = `Sec-Referred-Token-Binding-ID: ${encodeBase64url(keys.pss.id.bytes)}`;
const other = `Sec-Other-Token-Binding-ID: ${encodeOtherTokenBindingIDs([{ type: 77, id: keys.otherEc.id }])}`;

function show(options: ProxiedTokenBindingVerifierOptions): RequestListener {
  const verifier = new ProxiedTokenBindingVerifier(options);
  return (request, response) => {
    try {
      const verified = verifier.verify(request);
      response.end(
        JSON.stringify({
          tbh: verified?.provided.tbh ?? null,
          referred: verified?.referred?.tbh,
          others: verified?.others.map(({ type }) => type),
        }),
      );
    } catch (error) {
      const { code, status } = error as { code: string; status: number };
      response.statusCode = status;
      response.end(JSON.stringify({ code }));
    }
  };
}

/** The same with the adapter, which answers refusals itself. */
function throughExpress(): RequestListener {
  const app = express();
  app.use(tokenBinding(new ProxiedTokenBindingVerifier({ trustedProxies: { unixSocket: true } })));
  app.get("/", (request, response) => {
    response.json({ tbh: request.tokenBinding?.provided.tbh ?? null });
  });
  return app;
}

interface Answer {
  status: number;
  body: { tbh?: string | null; referred?: string; others?: number[]; code?: string };
}

/** The whole response, as it came. */
async function askRaw(socket: Socket, ...lines: string[]): Promise<string> {
  socket.write(["GET / HTTP/1.1", "Host: localhost", "Connection: close", ...lines, "", ""].join("\r\n"));
  return Buffer.concat((await socket.toArray()) as Buffer[]).toString();
}

async function ask(socket: Socket, ...lines: string[]): Promise<Answer> {
  const text = await askRaw(socket, ...lines);
  const body = /\{.*\}/.exec(text)?.[0] ?? "{}";
  return { status: Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1]), body: JSON.parse(body) as Answer["body"] };
}

/** A server on a Unix socket, where everybody is trusted. */
async function unixServer(options: Partial<ProxiedTokenBindingVerifierOptions> = {}) {
  const path = await listenOnUnixSocket(show({ trustedProxies: { unixSocket: true }, ...options }));
  return (...lines: string[]) => ask(net.connect(path), ...lines);
}

async function listenOnUnixSocket(listener: RequestListener): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "tokbind-proxied-"));
  const path = join(folder, "backend.sock");
  const server = http.createServer(listener);
  server.listen(path);
  onTestFinished(() => {
    server.close();
    rmSync(folder, { recursive: true });
  });
  await once(server, "listening");
  return path;
}

const tbh = tokenBindingHash(keys.ec.id.bytes);
const untrusted = { status: 400, body: { code: "proxy_untrusted" } };

describe("over a Unix socket", () => {
  test("[TTRP-2.2-01] [TTRP-2.2-02] [TTRP-2.2-03] what the proxy says is what the request proved", async () => {
    const send = await unixServer();
    expect(await send(provided)).toEqual({ status: 200, body: { tbh, others: [] } });
    expect(await send(other, referred, provided)).toEqual({
      status: 200,
      body: { tbh, referred: tokenBindingHash(keys.pss.id.bytes), others: [77] },
    });
    expect(await send()).toEqual({ status: 200, body: { tbh: null } });
  });

  test.each([
    ["node:http", show({ trustedProxies: { unixSocket: true } })],
    ["Express", throughExpress()],
  ])("[TTRP-2.2-05] no response carries any of the three fields: %s", async (_, listener) => {
    const path = await listenOnUnixSocket(listener);
    for (const [status, ...lines] of [
      [200, provided, referred, other],
      [200],
      [400, provided, provided],
      [400, referred],
    ] as const) {
      const response = await askRaw(net.connect(path), ...lines);
      expect(response).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
      expect(response).not.toMatch(/^sec-.*token-binding/im);
    }
  });

  test("[TTRP-2.2-04] a field that holds no list comes once", async () => {
    const send = await unixServer();
    const repeated = { status: 400, body: { code: "header_repeated" } };
    expect(await send(provided, provided)).toEqual(repeated);
    expect(await send(`${provided},${encoded}`)).toEqual(repeated);
    expect(await send(provided, referred, referred)).toEqual(repeated);
  });

  test("[A-40] several lines of others are one list", async () => {
    const send = await unixServer();
    expect((await send(provided, other, other)).body.others).toEqual([77, 77]);
  });

  test("nothing is believed of what does not decode, or without a provided binding", async () => {
    const send = await unixServer();
    const code = async (...lines: string[]) => (await send(...lines)).body.code;
    expect(await code(`${provided}=`)).toBe("base64url_character");
    expect(await code(`${provided}AA`)).toBe("base64url_length");
    expect(await code(provided, "Sec-Referred-Token-Binding-ID: AAAA")).toMatch(
      /^(truncated|length_out_of_range)$/,
    );
    expect(await code(provided, "Sec-Other-Token-Binding-ID:")).toBe("header_malformed");
    expect(await code(referred)).toBe("provided_missing");
    expect(await code(other)).toBe("provided_missing");
    const opaque = encodeBase64url(opaqueBinding(0).id.bytes);
    expect(await code(`Sec-Provided-Token-Binding-ID: ${opaque}`)).toBe("key_invalid");
    expect(await send(provided, `Sec-Referred-Token-Binding-ID: ${opaque}`)).toMatchObject({ status: 200 });
  });

  test.each([
    "Sec_Provided_Token_Binding_ID",
    "sec-provided_token-binding-id",
    "SEC_REFERRED_TOKEN_BINDING_ID",
  ])("%s, which a proxy passed on, is not a spelling of ours", async (name) => {
    const send = await unixServer();
    for (const lines of [[`${name}: ${encoded}`], [provided, `${name}: ${encoded}`]]) {
      expect(await send(...lines)).toEqual({ status: 400, body: { code: "header_malformed" } });
    }
  });

  test("Sec-Token-Binding, which a proxy strips, proves nothing here", async () => {
    const send = await unixServer();
    expect(await send("Sec-Token-Binding: AAAA")).toEqual({ status: 200, body: { tbh: null } });
  });

  test("a field that Node may have dropped further lines of", async () => {
    const send = await unixServer();
    const many = Array.from({ length: 1100 }, () => "a: b");
    expect(await send(provided, ...many, provided)).toEqual({
      status: 400,
      body: { code: "header_malformed" },
    });
  });

  test("[A-05] [A-14] policy", async () => {
    const strict = await unixServer({ required: true });
    expect(await strict()).toEqual({ status: 400, body: { code: "header_missing" } });
    expect((await strict(provided)).status).toBe(200);
    const lenient = await unixServer({ onInvalid: "ignore" });
    expect(await lenient(provided, provided)).toEqual({ status: 200, body: { tbh: null } });
    const both = await unixServer({ onInvalid: "ignore", required: true });
    expect(await both(provided, provided)).toEqual({ status: 400, body: { code: "header_missing" } });
  });
});

/** A server over mutual TLS; `as` connects to it with a certificate. */
async function tlsServer(trustedProxies: TrustedProxies, options: https.ServerOptions = {}) {
  const server = https.createServer(
    { ...certificate, requestCert: true, rejectUnauthorized: false, ca: proxy.cert, ...options },
    show({ trustedProxies }),
  );
  const port = await listenInTest(server);
  return {
    port,
    as: (who?: { cert: string; key: string }, more: tls.ConnectionOptions = {}) =>
      tls.connect({ port, host: "127.0.0.1", rejectUnauthorized: false, ...who, ...more }),
  };
}

describe.each(["TLSv1.2", "TLSv1.3"] as const)("over %s", (version) => {
  const versions = { minVersion: version, maxVersion: version };

  test("[TTRP-4-03] only who proves to be the proxy is believed", async () => {
    const { as } = await tlsServer({ thumbprints }, versions);
    expect(await ask(as(proxy), provided)).toMatchObject({ status: 200, body: { tbh } });
    expect(await ask(as(stranger), provided)).toEqual(untrusted);
    expect(await ask(as(), provided)).toEqual(untrusted);
    // Without the fields everybody is served.
    expect(await ask(as(stranger))).toMatchObject({ status: 200, body: { tbh: null } });
  });

  test("[TTRP-4-03] an application may decide, about certificates that its CA accepted", async () => {
    const asked: string[] = [];
    const { as } = await tlsServer(
      { isProxy: ({ subject }) => (asked.push(subject), subject === "CN=proxy") },
      versions,
    );
    expect(await ask(as(proxy), provided)).toMatchObject({ status: 200, body: { tbh } });
    expect(await ask(as(stranger), provided)).toEqual(untrusted);
    expect(await ask(as(), provided)).toEqual(untrusted);
    expect(asked).toEqual(["CN=proxy"]);
  });

  test("an application is asked once for a connection", async () => {
    let asked = 0;
    const { as } = await tlsServer({ isProxy: () => ++asked > 0 }, versions);
    const socket = as(proxy);
    socket.write(`GET / HTTP/1.1\r\nHost: localhost\r\n${provided}\r\n\r\n`);
    await once(socket, "data");
    expect(await ask(socket, provided)).toMatchObject({ status: 200, body: { tbh } });
    expect(asked).toBe(1);
  });

  test("a resumed session counts for the certificate that it was made with, and for none if there was none", async () => {
    const { as } = await tlsServer({ thumbprints, isProxy: () => true }, versions);
    for (const [who, expected] of [
      [proxy, 200],
      [undefined, 400],
    ] as const) {
      const first = as(who);
      const session = once(first, "session") as Promise<[Buffer]>;
      expect((await ask(first, provided)).status).toBe(expected);
      const second = as(undefined, { session: (await session)[0] });
      await once(second, "secureConnect");
      expect(second.isSessionReused()).toBe(true);
      const { status } = await ask(second, provided);
      // Never more than the first handshake proved.
      expect(status === 400 || expected === 200).toBe(true);
    }
  });
});

test.each([
  "Sec-Provided-Token-Binding-ID",
  "sec-provided-token-binding-id",
  "SEC-PROVIDED-TOKEN-BINDING-ID",
  "Sec_Provided_Token_Binding_ID",
  "sEc-provided_Token-binding_id",
  "Sec-Referred-Token-Binding-ID",
  "sec_other_token_binding_id",
])("[TTRP-4-03] %s of a stranger is refused", async (name) => {
  const { as } = await tlsServer({ thumbprints });
  expect(await ask(as(), `${name}: ${encoded}`)).toEqual(untrusted);
  expect(await ask(as(stranger), `${name}:`)).toEqual(untrusted);
});

test("[TTRP-4-02] nobody is trusted unless somebody is named", async () => {
  const server = http.createServer(show({ trustedProxies: {} }));
  const port = await listenInTest(server);
  expect(await ask(net.connect(port, "127.0.0.1"), provided)).toEqual(untrusted);
  const unix = http.createServer(show({ trustedProxies: { unixSocket: true } }));
  expect(await ask(net.connect(await listenInTest(unix), "127.0.0.1"), provided)).toEqual(untrusted);
});

test.each<[address: string, listen: string, expected: number]>([
  ["127.0.0.1", "127.0.0.1", 200],
  ["127.0.0.1", "::", 200],
  ["127.0.0.2", "127.0.0.1", 400],
  ["::1", "127.0.0.1", 400],
])("an address is believed only by name: %s at %s", async (address, listen, expected) => {
  const trustedProxies = { addressesWithoutProof: [address] };
  const server = http.createServer(show({ trustedProxies }));
  onTestFinished(() => void server.close());
  server.listen(0, listen);
  await once(server, "listening");
  const { port } = server.address() as net.AddressInfo;
  expect((await ask(net.connect(port, "127.0.0.1"), provided)).status).toBe(expected);
});

test("a mock and a destroyed socket are nobody's", () => {
  const { verify } = new ProxiedTokenBindingVerifier({
    trustedProxies: { unixSocket: true, addressesWithoutProof: ["127.0.0.1"], isProxy: () => true },
  });
  const rawHeaders = ["Sec-Provided-Token-Binding-ID", encoded];
  for (const socket of [undefined, null, {}, new net.Socket().destroy()]) {
    expect(() => verify({ rawHeaders, socket } as NodeRequest)).toThrow(
      expect.objectContaining({ code: "proxy_untrusted" }) as Error,
    );
    expect(verify({ rawHeaders: [], socket } as unknown as NodeRequest)).toBeUndefined();
  }
});

test.each<[options: unknown]>([
  [undefined],
  [{}],
  [{ trustedProxies: true }],
  [{ trustedProxies: null }],
  [{ trustedProxies: { thumbprints: [] } }],
  [{ trustedProxies: { thumbprints: ["AB:CD"] } }],
  [{ trustedProxies: { addressesWithoutProof: ["10.0.0.0/8"] } }],
  [{ trustedProxies: { addressesWithoutProof: "127.0.0.1" } }],
  [{ trustedProxies: { addresses: ["127.0.0.1"] } }],
  [{ trustedProxies: { unixSocket: "/run/x" } }],
  [{ trustedProxies: { isProxy: true } }],
  [{ trustedProxies: {}, requird: true }],
])("impossible options are refused at once: %o", (options) => {
  expect(() => new ProxiedTokenBindingVerifier(options as ProxiedTokenBindingVerifierOptions)).toThrow(
    expect.objectContaining({ code: "invalid_argument" }) as Error,
  );
});

test("who changes the thumbprints later changes nothing", async () => {
  const mine = [...thumbprints];
  const trustedProxies = { thumbprints: mine };
  const verifier = new ProxiedTokenBindingVerifier({ trustedProxies });
  mine[0] = "A".repeat(43);
  const options = { ...certificate, requestCert: true, rejectUnauthorized: false };
  const server = https.createServer(options, (request, response) => {
    response.end(JSON.stringify({ tbh: verifier.verify(request)?.provided.tbh }));
  });
  const port = await listenInTest(server);
  const socket = tls.connect({ port, host: "127.0.0.1", rejectUnauthorized: false, ...proxy });
  expect(await ask(socket, provided)).toEqual({ status: 200, body: { tbh } });
});

test("who changes the lists later changes nothing", async () => {
  const addressesWithoutProof = ["127.0.0.2"];
  const verifier = new ProxiedTokenBindingVerifier({ trustedProxies: { addressesWithoutProof } });
  addressesWithoutProof.push("127.0.0.1");
  const server = http.createServer((request, response) => {
    try {
      response.end(JSON.stringify(verifier.verify(request)));
    } catch {
      response.writeHead(400).end();
    }
  });
  expect((await ask(net.connect(await listenInTest(server), "127.0.0.1"), provided)).status).toBe(400);
});
