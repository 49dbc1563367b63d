// The certificate of a server that runs is renewed: nothing else about the server changes, and nobody is cut off.

import { constants, createPrivateKey, generateKeyPairSync, randomBytes, X509Certificate } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import http from "node:http";
import http2 from "node:http2";
import https from "node:https";
import tls from "node:tls";
import { certificate, makeCertificate, makeRevocationList } from "@tokbind/testing";
import { connect, Listener, only, plain, tokenBinding, versions } from "@tokbind/testing/handshake";
import { listenInTest } from "@tokbind/testing/vitest";
import { negotiatedTokenBinding, renewCertificate, withTokenBinding } from "@tokbind/tls";
import { describe, expect, onTestFinished, test } from "vitest";

const renewed = await makeCertificate("renewed");
const stranger = await makeCertificate("stranger");
const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
const rsaKey = rsa.privateKey.export({ type: "pkcs8", format: "pem" }) as string;
const fingerprint = ({ cert }: { cert: string }) => new X509Certificate(cert).fingerprint256;
const before = fingerprint(certificate);
const after = fingerprint(renewed);
const trusting = { rejectUnauthorized: false };
const loopback = { host: "127.0.0.1", servername: "localhost", ...trusting };

/** What a new connection is given. */
async function seen(port: number, options: tls.ConnectionOptions = {}) {
  const { socket, negotiated, error, session } = await connect(tokenBinding(), port, {
    ...trusting,
    ...options,
  });
  socket?.resume();
  return {
    error: error?.code,
    certificate: socket?.getPeerX509Certificate()?.fingerprint256,
    keyParameters: negotiated?.keyParameters,
    resumed: socket?.isSessionReused(),
    cipher: socket?.getCipher().name,
    version: socket?.getProtocol(),
    session,
  };
}

async function read(stream: AsyncIterable<unknown>): Promise<string> {
  let body = "";
  for await (const chunk of stream) body += String(chunk);
  return body;
}

describe.each(versions)("%s", (version) => {
  const options = { ...certificate, ...only(version) };

  test("https: connections and requests go on, new ones get the new certificate and Token Binding", async () => {
    let finish: (() => void) | undefined;
    const server = withTokenBinding(
      () =>
        https.createServer(options, (request, response) => {
          const answer = negotiatedTokenBinding(request.socket)?.keyParameters ?? "none";
          response.write("begun ");
          if (request.url === "/slow") finish = () => response.end(answer);
          else response.end(answer);
        }),
      { keyParameters: ["rsa2048_pss", "ecdsap256"] },
    );
    const port = await listenInTest(server);
    const secureContext = withTokenBinding(() => tls.createSecureContext());
    const agent = new https.Agent({ keepAlive: true, secureContext, ...trusting });
    onTestFinished(() => {
      agent.destroy();
    });
    const get = async (path: string) => {
      const request = https.get({ ...loopback, port, path, agent });
      const [response] = (await once(request, "response")) as [NodeJS.ReadableStream];
      return { response, socket: request.socket as tls.TLSSocket };
    };

    const slow = await get("/slow");
    renewCertificate(server, renewed);
    expect(await seen(port)).toMatchObject({ certificate: after, keyParameters: "rsa2048_pss", version });
    finish!();
    expect(await read(slow.response)).toBe("begun rsa2048_pss");

    const next = await get("/");
    expect(await read(next.response)).toBe("begun rsa2048_pss");
    expect(next.socket).toBe(slow.socket);
    expect(next.socket.getPeerX509Certificate()?.fingerprint256).toBe(before);
  });

  test("http2: the session goes on, new ones get the new certificate and Token Binding", async () => {
    const server = withTokenBinding(() => http2.createSecureServer({ ...options, allowHTTP1: true }));
    server.on("stream", (stream) => {
      stream.respond();
      stream.end(negotiatedTokenBinding(stream.session!.socket)?.keyParameters ?? "none");
    });
    const port = await listenInTest(server);
    const open = () => {
      const session = withTokenBinding(() => http2.connect(`https://127.0.0.1:${port}`, loopback));
      onTestFinished(() => {
        session.destroy();
      });
      return session;
    };
    const ask = async (session: http2.ClientHttp2Session) => {
      const body = await read(session.request({ ":path": "/" }));
      return [body, (session.socket as tls.TLSSocket).getPeerCertificate().fingerprint256];
    };
    const session = open();
    expect(await ask(session)).toEqual(["ecdsap256", before]);
    renewCertificate(server, renewed);
    expect(await ask(session)).toEqual(["ecdsap256", before]);
    expect(await ask(open())).toEqual(["ecdsap256", after]);
  });

  test("[TBN-4-15] a TLS session from before is resumed, and Token Binding negotiated afresh", async () => {
    const { server } = new Listener(tokenBinding(), options);
    const port = await listenInTest(server);
    const session = await (await seen(port)).session;
    renewCertificate(server, renewed);
    renewCertificate(server, renewed);
    expect(await seen(port, { session })).toMatchObject({ resumed: true, keyParameters: "ecdsap256" });
  });

  test("renewed client CA or CRL: no session is resumed past the new verdict", async () => {
    const [alice, bob] = [await makeCertificate("alice"), await makeCertificate("bob")];
    const { server } = new Listener(tokenBinding(), {
      ...options,
      requestCert: true,
      ca: [alice.cert, bob.cert],
    });
    const verdicts: boolean[] = [];
    server.on("secureConnection", ({ authorized }) => verdicts.push(authorized));
    server.on("tlsClientError", () => verdicts.push(false));
    const port = await listenInTest(server);
    const ask = async (who: tls.ConnectionOptions, session?: Buffer) => {
      const { socket, session: next } = await connect(tokenBinding(), port, {
        ...trusting,
        ...only(version),
        ...who,
        ...(session && { session }),
      });
      socket?.resume();
      await expect.poll(() => verdicts.length).toBe(1);
      return { authorized: verdicts.pop(), resumed: socket?.isSessionReused(), next };
    };
    const first = await ask(alice);
    const session = await first.next;
    expect(await ask(alice, session)).toMatchObject({ authorized: true, resumed: true });

    renewCertificate(server, renewed);
    expect(await ask(alice, session)).toMatchObject({ authorized: true, resumed: true });

    const crl = async (revoked: boolean) => [
      await makeRevocationList(alice, { revoked }),
      await makeRevocationList(bob, { revoked: false }),
    ];
    renewCertificate(server, { crl: await crl(false) });
    expect(await ask(alice, session)).toMatchObject({ authorized: true, resumed: false });
    const kept = await (await ask(alice)).next;
    renewCertificate(server, { crl: await crl(true) });
    expect((await ask(alice, kept)).authorized).toBe(false);
    expect((await ask(bob)).authorized).toBe(true);

    renewCertificate(server, { ca: [alice.cert] });
    expect((await ask(bob)).authorized).toBe(false);
    expect((await ask(alice)).authorized).toBe(false);
  });
});

describe("everything that is not renewed stays", () => {
  test("every option that setSecureContext reads is a property of the server", () => {
    const server = withTokenBinding(() => tls.createServer(certificate));
    const options = new Set<string | symbol>();
    const observed = new Proxy(certificate, {
      get: (target, name) => {
        options.add(name);
        return Reflect.get(target, name) as unknown;
      },
    });
    server.setSecureContext(observed);
    expect(options.size).toBeGreaterThan(15);
    // The only two that Node leaves alone when they are not given.
    options.delete("sessionTimeout");
    options.delete("ticketKeys");
    expect([...options].filter((name) => !Object.hasOwn(server, name))).toEqual([]);
  });

  const context: tls.TlsOptions = {
    ciphers: "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384",
    minVersion: "TLSv1.2",
    maxVersion: "TLSv1.2",
    ecdhCurve: "P-256",
    sigalgs: "ECDSA+SHA256",
    honorCipherOrder: false,
    sessionIdContext: "tokbind",
    sessionTimeout: 77,
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
    ticketKeys: randomBytes(48),
    requestCert: true,
    rejectUnauthorized: false,
    ca: [certificate.cert],
    ALPNProtocols: ["one", "two"],
  };

  test("as properties of the server", () => {
    const server = withTokenBinding(() => tls.createServer({ ...certificate, ...context }));
    const earlier = new Map(Object.entries(server));
    renewCertificate(server, renewed);
    const later = Object.entries(server);
    const changed = later.filter(([name, value]) => !Object.is(value, earlier.get(name)));
    expect(changed.map(([name]) => name).sort()).toEqual(["_sharedCreds", "cert", "key", "ticketKeys"]);
    expect(later.length).toBe(earlier.size);
    expect(server.getTicketKeys()).toEqual(context.ticketKeys);
  });

  test("as clients see it", async () => {
    const observe = async (renew: (server: tls.Server) => void) => {
      const { server } = new Listener(tokenBinding(), { ...certificate, ...context });
      const sockets: tls.TLSSocket[] = [];
      server.on("secureConnection", (socket) => sockets.push(socket));
      const port = await listenInTest(server);
      const session = await (await seen(port)).session;
      renew(server);
      const preferring256 = "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-AES128-GCM-SHA256";
      const clientOrder = await seen(port, { ...certificate, ciphers: preferring256 });
      return {
        certificate: clientOrder.certificate,
        version: clientOrder.version,
        cipher: clientOrder.cipher,
        authorized: sockets.at(-1)?.authorized,
        tls13: (await seen(port, { minVersion: "TLSv1.3" })).error,
        otherCurve: (await seen(port, { ecdhCurve: "X25519" })).error,
        otherCipher: (await seen(port, { ciphers: "ECDHE-ECDSA-CHACHA20-POLY1305" })).error,
        resumed: (await seen(port, { session })).resumed,
      };
    };
    const untouched = await observe(() => undefined);
    expect(untouched).toMatchObject({
      certificate: before,
      version: "TLSv1.2",
      cipher: "ECDHE-ECDSA-AES256-GCM-SHA384",
      authorized: true,
      resumed: true,
    });
    const refusals = [untouched.tls13, untouched.otherCurve, untouched.otherCipher];
    expect(refusals).not.toContain(undefined);

    const kept = await observe((server) => {
      renewCertificate(server, renewed);
    });
    expect(kept).toEqual({ ...untouched, certificate: after });

    // What it is for: Node by itself keeps none of it.
    const lost = await observe((server) => {
      server.setSecureContext(renewed);
    });
    expect(lost).toMatchObject({ certificate: after, version: "TLSv1.3", authorized: false, resumed: false });
    expect([lost.tls13, lost.otherCurve, lost.otherCipher]).toEqual([undefined, undefined, undefined]);
  });

  test("ticket keys that were set later", async () => {
    const { server } = new Listener(tokenBinding());
    const ticketKeys = randomBytes(48);
    server.setTicketKeys(ticketKeys);
    renewCertificate(server, renewed);
    expect(server.getTicketKeys()).toEqual(ticketKeys);
    await listenInTest(server);
  });

  test("maxTlsVersion", async () => {
    const server = withTokenBinding(() => tls.createServer(certificate), { maxTlsVersion: "TLSv1.2" });
    const port = await listenInTest(server);
    renewCertificate(server, renewed);
    expect(await seen(port)).toMatchObject({ version: "TLSv1.3", keyParameters: undefined });
    expect(await seen(port, only("TLSv1.2"))).toMatchObject({ keyParameters: "ecdsap256" });
  });
});

describe("forms of key and certificate", () => {
  const encrypted = createPrivateKey(renewed.key).export({
    type: "pkcs8",
    format: "pem",
    cipher: "aes-256-cbc",
    passphrase: "secret",
  }) as string;
  const pfx = readFileSync(new URL("support/certificate.pfx", import.meta.url));

  test.each([
    ["buffers", { key: Buffer.from(renewed.key), cert: Buffer.from(renewed.cert) }],
    ["lists", { key: [rsaKey, renewed.key], cert: [renewed.cert] }],
    ["an encrypted key", { key: encrypted, cert: renewed.cert, passphrase: "secret" }],
    ["an encrypted key in a list", { key: [{ pem: encrypted, passphrase: "secret" }], cert: renewed.cert }],
  ])("%s", async (_form, given) => {
    const { server } = new Listener(tokenBinding());
    const port = await listenInTest(server);
    renewCertificate(server, given);
    expect(await seen(port)).toMatchObject({ certificate: after, keyParameters: "ecdsap256" });
  });

  test("a PFX takes the place of key and certificate, and they of it", async () => {
    const server = withTokenBinding(() => tls.createServer(renewed));
    const port = await listenInTest(server);
    renewCertificate(server, { pfx, passphrase: "renewed" });
    expect(await seen(port)).toMatchObject({ certificate: before, keyParameters: "ecdsap256" });
    // The passphrase stays as well.
    renewCertificate(server, { pfx });
    expect(await seen(port)).toMatchObject({ certificate: before });
    renewCertificate(server, renewed);
    expect(await seen(port)).toMatchObject({ certificate: after, keyParameters: "ecdsap256" });
  });
});

describe("what is refused changes nothing", () => {
  test.each<[what: string, given: object, code: string | RegExp, tokenBinding?: object]>([
    ["nothing", {}, "invalid_argument"],
    ["nothing but undefined", { key: undefined }, "invalid_argument"],
    ["null", { ...renewed, crl: null }, "invalid_argument"],
    ["an unknown option", { ...renewed, minVersion: "TLSv1.2" }, "invalid_argument"],
    ["a passphrase that is no string", { ...renewed, passphrase: 1 }, "invalid_argument"],
    ["key, certificate and PFX", { ...renewed, pfx: Buffer.alloc(9) }, "invalid_argument"],
    ["impossible Token Binding options", renewed, "invalid_argument", { keyParameters: ["x"] }],
    [
      "a certificate without its key, of another type",
      { key: rsaKey, cert: renewed.cert },
      "invalid_argument",
    ],
    ["one of two without its key", { ...renewed, cert: [certificate.cert] }, /^ERR_OSSL|^invalid_argument/],
    ["a certificate without its key", { key: stranger.key, cert: renewed.cert }, /^ERR_OSSL/],
    ["a certificate alone, of another key", { cert: renewed.cert }, /^ERR_OSSL/],
    ["a key alone", { key: renewed.key }, /^ERR_OSSL/],
    ["an unreadable key", { key: "nonsense", cert: renewed.cert }, /^ERR_OSSL/],
    ["an unreadable certificate", { key: renewed.key, cert: "nonsense" }, /^ERR_OSSL/],
    ["a CRL that is none", { crl: "nonsense" }, /./],
    ["a number", { key: 1, cert: renewed.cert }, "ERR_INVALID_ARG_TYPE"],
  ])("%s", async (_what, given, code, options) => {
    const { server } = new Listener(tokenBinding());
    const port = await listenInTest(server);
    let thrown: NodeJS.ErrnoException | undefined;
    try {
      renewCertificate(server, given, options);
    } catch (error) {
      thrown = error as NodeJS.ErrnoException;
    }
    expect(thrown).toBeInstanceOf(Error);
    if (typeof code === "string") expect(thrown?.code).toBe(code);
    else expect(thrown?.code ?? thrown?.message).toMatch(code);
    expect(thrown?.message).not.toContain("nonsense");
    expect(await seen(port)).toMatchObject({ certificate: before, keyParameters: "ecdsap256" });
    // And the next renewal starts from there.
    renewCertificate(server, { ca: certificate.cert });
    expect(await seen(port)).toMatchObject({ certificate: before, keyParameters: "ecdsap256" });
  });

  test("what is not a TLS server", () => {
    expect(() => {
      renewCertificate(http.createServer() as object as tls.Server, renewed);
    }).toThrow("expected a TLS server, got an object");
  });

  test("a server that withTokenBinding did not return, unless it is said what it negotiates", async () => {
    const { server } = new Listener(plain);
    const port = await listenInTest(server);
    expect(() => {
      renewCertificate(server, renewed);
    }).toThrow(expect.objectContaining({ code: "invalid_argument" }));
    expect(await seen(port)).toMatchObject({ certificate: before, keyParameters: undefined });
    renewCertificate(server, renewed, { keyParameters: ["rsa2048_pss"] });
    expect(await seen(port)).toMatchObject({ certificate: after, keyParameters: "rsa2048_pss" });
    // From now on it is known.
    renewCertificate(server, certificate);
    expect(await seen(port)).toMatchObject({ certificate: before, keyParameters: "rsa2048_pss" });
  });
});

test("Token Binding comes back when a context made elsewhere had taken over", async () => {
  const { server } = new Listener(tokenBinding());
  const port = await listenInTest(server);
  server.setSecureContext(certificate);
  expect((await seen(port)).keyParameters).toBeUndefined();
  renewCertificate(server, renewed);
  expect(await seen(port)).toMatchObject({ certificate: after, keyParameters: "ecdsap256" });
});

test("certificates for further names stay, and are renewed by addContext", async () => {
  const { server } = new Listener(tokenBinding());
  const port = await listenInTest(server);
  const named = () => seen(port, { servername: "www.example.com" });
  server.addContext("www.example.com", stranger);
  renewCertificate(server, renewed);
  const expected = { certificate: fingerprint(stranger), keyParameters: "ecdsap256" };
  expect(await named()).toMatchObject(expected);
  server.addContext("www.example.com", certificate);
  expect(await named()).toMatchObject({ ...expected, certificate: before });
  expect(await seen(port)).toMatchObject({ ...expected, certificate: after });
});
