import { randomBytes, X509Certificate } from "node:crypto";
import http from "node:http";
import type { TlsOptions } from "node:tls";
import { certificate, makeCertificate, makeRevocationList, TestAuthority } from "@tokbind/testing";
import { listenInTest } from "@tokbind/testing/vitest";
import { describe, expect, test } from "vitest";
import { ClientCertificateVerifier, type ClientCertificateVerifierOptions } from "../src/index.ts";
import { type Client, connect } from "./support/clients.ts";
import { organization } from "./support/organization.ts";
import { createServer } from "./support/servers.ts";

const { root, issuing, other, good, revoked, stranger } = await organization();
const third = await TestAuthority.create("Third Root");
const ca = [root.cert, issuing.cert];
const crl = [issuing.crl(), root.crl()];
const revocation = [issuing.crl({ revoked: [revoked.serial] }), root.crl()];

async function start(options: ClientCertificateVerifierOptions, tls: TlsOptions = {}) {
  const verifier = new ClientCertificateVerifier(options);
  const server = createServer("http/1.1", verifier, { ...verifier.tlsOptions, ...tls });
  const port = await listenInTest(server);
  return {
    verifier,
    /** With the ticket keys that it has, as no helper would. */
    renew: () => {
      server.setSecureContext({
        ...{ ...certificate, ticketKeys: server.getTicketKeys() },
        ...tls,
        ...verifier.tlsOptions,
      });
    },
    open: (holder: { cert?: string; key?: string }, session?: Buffer) =>
      connect({ port, version: "TLSv1.3", protocol: "http/1.1", ...holder, session }),
  };
}

async function outcome(client: Client): Promise<unknown> {
  const { status, body } = await client.get();
  return status === 200 ? 200 : [status, (body as { code: string }).code];
}

describe("options", () => {
  const pem = /BEGIN|END/g;
  test.each<[string, object]>([
    ["none", {}],
    ["an unknown one", { ca, required: true }],
    ["no certificate", { ca: "hello" }],
    ["an empty list", { ca: [] }],
    ["a number", { ca: [1] }],
    ["a key in the place of a certificate", { ca: good.key }],
    ["a broken certificate", { ca: root.cert.replace("MII", "AAA") }],
    ["a certificate without its end", { ca: root.cert + issuing.cert.replaceAll("-----END", "") }],
    ["bytes after a certificate", { ca: Buffer.concat([new X509Certificate(root.cert).raw, Buffer.of(0)]) }],
    ["no CRL", { ca, crl: root.cert }],
    ["a broken CRL", { ca, crl: root.crl().replace("CRL-----\nM", "CRL-----\nN") }],
    ["a CRL in capitals only", { ca, crl: root.crl().replace(pem, "X") }],
  ])("[A-60] refused: %s", (_what, options) => {
    expect(() => new ClientCertificateVerifier(options as never)).toThrow(
      expect.objectContaining({ code: "invalid_argument" }),
    );
  });

  test("PEM, bundles, and DER", async () => {
    const der = (text: string) => Buffer.from(text.replaceAll(/-----.*-----|\s/g, ""), "base64");
    for (const options of [
      { ca: ca.join(""), crl: crl.join("") },
      { ca: Buffer.from(ca.join("")), crl: new Uint8Array(Buffer.from(crl.join(""))) },
      { ca: ca.map(der), crl: crl.map(der) },
      { ca: `# our CAs\n${ca.join("\r\n")}`, crl: crl.map((each) => each.replaceAll("X509 CRL", "CRL")) },
    ]) {
      const { open } = await start(options);
      expect(await outcome(await open(good))).toBe(200);
    }
  });

  test("[CA-16] a CRL that its CA has not signed is refused, and everything stays as it was", async () => {
    const { verifier, open } = await start({ ca, crl: revocation });
    const client = await open(revoked);
    const forged = issuing.crl().replace(/.{10}(?=\n-----END)/, "AAAAAAAAAA");
    expect(() => verifier.reload({ crl: [forged, root.crl()] })).toThrow(
      expect.objectContaining({ code: "invalid_argument" }),
    );
    expect(await outcome(client)).toEqual([401, "certificate_revoked"]);
  });

  test("a CRL of a CA of the same name counts for nobody else's certificates", async () => {
    const { open } = await start({ ca, crl: [other.crl(), root.crl()] });
    expect(await outcome(await open(good))).toEqual([503, "crl_missing"]);
  });

  test("who changes a buffer later changes nothing", async () => {
    const bytes = Buffer.from(crl.join(""));
    const { verifier, open } = await start({ ca, crl: bytes });
    bytes.fill(0);
    verifier.reload({ ca });
    expect(await outcome(await open(good))).toBe(200);
  });
});

describe("[CA-18] a CRL that is missing or expired refuses everybody, with a code of its own", () => {
  const past = new Date(Date.now() - 1000);
  const future = new Date(Date.now() + 3_600_000);
  test.each([
    ["of the issuing CA", ca, [root.crl()], "crl_missing"],
    ["of the root", ca, [issuing.crl()], "crl_missing"],
    [
      "of the issuing CA, by OpenSSL",
      [root.cert],
      [issuing.crl({ nextUpdate: past }), root.crl()],
      "crl_expired",
    ],
    ["of the root, by OpenSSL", [root.cert], [issuing.crl()], "crl_missing"],
    ["expired", ca, [issuing.crl({ nextUpdate: past }), root.crl()], "crl_expired"],
    ["expired, of the root", ca, [issuing.crl(), root.crl({ nextUpdate: past })], "crl_expired"],
    ["not in force yet", ca, [issuing.crl({ thisUpdate: future }), root.crl()], "crl_expired"],
  ])("%s", async (_what, cas, lists, code) => {
    const { open } = await start({ ca: cas, crl: lists });
    expect(await outcome(await open(good))).toEqual([503, code]);
    expect(await outcome(await open(stranger))).toEqual([401, "certificate_untrusted"]);
    expect(await outcome(await open({}))).toEqual([401, "certificate_missing"]);
  });

  test("of two CRLs of a CA the newer one counts", async () => {
    const old = issuing.crl({ thisUpdate: new Date(Date.now() - 3 * 86_400_000) });
    for (const lists of [
      [old, ...revocation],
      [...revocation, old],
    ]) {
      const { open } = await start({ ca, crl: lists });
      expect(await outcome(await open(revoked))).toEqual([401, "certificate_revoked"]);
    }
  });
});

describe("reload", () => {
  test("[CA-19] of CRLs needs no other TLS context where all CAs are known, and one where they are not", () => {
    const known = new ClientCertificateVerifier({ ca, crl });
    expect(known.tlsOptions.crl).toEqual([]);
    expect(known.reload({ crl: revocation })).toBeUndefined();
    expect(known.reload({ ca: [root.cert] })).toEqual({ ca: [root.cert], crl: revocation });
    expect(known.reload({ ca })).toEqual({ ca, crl: [] });
    expect(known.tlsOptions).toMatchObject({ requestCert: true, rejectUnauthorized: false });
  });

  test("[ZT-08] a CA that is taken away: its clients are refused on open, resumed and new connections", async () => {
    const { verifier, open, renew } = await start({ ca: [...ca, other.cert, third.cert] });
    const kept = await open(good);
    expect(await outcome(kept)).toBe(200);
    verifier.reload({ ca: [other.cert, third.cert] });
    expect(await outcome(kept)).toEqual([401, "certificate_untrusted"]);
    renew();
    const resumed = await open(good, await kept.session());
    expect(await outcome(resumed)).toEqual([401, "certificate_untrusted"]);
    expect(resumed.socket.isSessionReused()).toBe(false);
    expect(await outcome(await open(good))).toEqual([401, "certificate_untrusted"]);
  });

  test("an issuing CA that is revoked: its clients are refused, known or not", async () => {
    for (const cas of [ca, [root.cert]]) {
      const { verifier, open, renew } = await start({ ca: cas, crl });
      const kept = await open(good);
      expect(await outcome(kept)).toBe(200);
      verifier.reload({ crl: [issuing.crl(), root.crl({ revoked: [issuing.serial] })] });
      const code = cas === ca ? "certificate_revoked" : "certificate_untrusted";
      expect(await outcome(kept)).toEqual([401, code]);
      renew();
      for (const client of [await open(good), await open(good, await kept.session())]) {
        expect(await outcome(client)).toEqual([401, "certificate_revoked"]);
      }
    }
  });

  test("a CA of the same name with another key has its own CRL", async () => {
    const second = await root.issuing("Example Issuing");
    const alice = await second.issue({ names: [{ type: "email", value: "a@example.test" }] });
    const lists = [issuing.crl({ revoked: [alice.serial] }), second.crl(), root.crl()];
    const { open } = await start({ ca: [...ca, second.cert], crl: lists });
    expect(await outcome(await open(alice))).toBe(200);
    expect(await outcome(await open(good))).toBe(200);
  });
});

test("[A-61] without CRLs nothing is revoked", async () => {
  const { open } = await start({ ca });
  expect(await outcome(await open(revoked))).toBe(200);
});

test("a certificate that is its own CA, and a CRL of another maker", async () => {
  const own = await makeCertificate("own");
  const empty = await makeRevocationList(own, { revoked: false });
  const { verifier, open } = await start({ ca: own.cert, crl: empty });
  const client = await open(own);
  expect(await outcome(client)).toBe(200);
  verifier.reload({ crl: await makeRevocationList(own, { revoked: true }) });
  expect(await outcome(client)).toEqual([401, "certificate_revoked"]);
});

describe("policy", () => {
  const request = { rawHeaders: [] };
  const { allow } = new ClientCertificateVerifier({ ca });

  test("[ZT-08] [ZT-09] it is asked for every request anew; who may not is refused with 403", async () => {
    const { verifier, open } = await start({ ca });
    let allowed = true;
    const seen: unknown[] = [];
    const { verify } = verifier.allow((client, { rawHeaders }) => {
      seen.push([client.kind, rawHeaders.length]);
      return allowed;
    });
    const server = createServer("http/1.1", { verify }, verifier.tlsOptions);
    const port = await listenInTest(server);
    const client = await connect({ port, version: "TLSv1.3", protocol: "http/1.1", ...good });
    expect(await outcome(client)).toBe(200);
    allowed = false;
    expect(await outcome(client)).toEqual([403, "certificate_subject_mismatch"]);
    expect(seen).toEqual([
      ["user", 2],
      ["user", 2],
    ]);
    // Nobody asks it of a stranger.
    const none = await connect({ port, version: "TLSv1.3", protocol: "http/1.1" });
    expect(await outcome(none)).toEqual([401, "certificate_missing"]);
    expect(seen).toHaveLength(2);
    expect(await outcome(await open(good))).toBe(200);
  });

  test("what is no policy, or answers with a promise, is refused", async () => {
    expect(() => allow(true as never)).toThrow(expect.objectContaining({ code: "invalid_argument" }));
    const { verifier } = await start({ ca });
    const { verify } = verifier.allow((() => Promise.resolve(true)) as never);
    const port = await listenInTest(createServer("http/1.1", { verify }, verifier.tlsOptions));
    const client = await connect({ port, version: "TLSv1.3", protocol: "http/1.1", ...good });
    expect(await outcome(client)).toEqual([500, "invalid_argument"]);
  });

  test("no connection is no client", () => {
    const { verify } = allow(() => true);
    expect(() => verify(request)).toThrow(expect.objectContaining({ code: "connection_unknown" }));
  });
});

describe("a server that was made otherwise", () => {
  test("without tlsOptions: our mistake, not the client's", async () => {
    const verifier = new ClientCertificateVerifier({ ca });
    const port = await listenInTest(createServer("http/1.1", verifier, {}));
    const client = await connect({ port, version: "TLSv1.3", protocol: "http/1.1", ...good });
    expect(await outcome(client)).toEqual([500, "invalid_argument"]);
  });

  test("without TLS there is no certificate", async () => {
    const { verify } = new ClientCertificateVerifier({ ca });
    const port = await listenInTest(
      http.createServer((request, response) => {
        try {
          verify(request);
        } catch (error) {
          response.end((error as { code: string }).code);
        }
      }),
    );
    expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe("certificate_missing");
  });

  test("[CC-4-01] a Client-Cert field is not read", async () => {
    const { open } = await start({ ca });
    const headers = { "Client-Cert": `:${new X509Certificate(good.cert).raw.toString("base64")}:` };
    expect(await (await open({})).get(headers)).toMatchObject({ body: { code: "certificate_missing" } });
  });
});

test("[CA-18] a CRL of 100,000 entries", async () => {
  const serials = Array.from({ length: 100_000 }, () => `01${randomBytes(15).toString("hex")}`);
  const { verifier, open } = await start({ ca, crl });
  const client = await open(revoked);
  expect(await outcome(client)).toBe(200);
  verifier.reload({ crl: [issuing.crl({ revoked: [...serials, revoked.serial] }), root.crl()] });
  expect(await outcome(client)).toEqual([401, "certificate_revoked"]);
  expect(await outcome(await open(good))).toBe(200);
});
