import { X509Certificate } from "node:crypto";
import https from "node:https";
import tls from "node:tls";
import { once } from "node:events";
import { certificate, makeCertificate } from "@tokbind/testing";
import { listenInTest, RawClient } from "@tokbind/testing/vitest";
import { expect, onTestFinished, test } from "vitest";
import {
  certificateThumbprint,
  encodeClientCert,
  encodeClientCertChain,
  ProxiedClientCertificateVerifier,
  type ProxiedClientCertificateVerifierOptions,
} from "../src/index.ts";
import { organization } from "./support/organization.ts";
import { connectPlain, createBackend, listenOnSocket } from "./support/requests.ts";

const { root, issuing, other, good, revoked, expired, stranger, server } = await organization();
const of = ({ cert }: { cert: string }) => new X509Certificate(cert);
const field = (holder: { cert: string }) => `Client-Cert: ${encodeClientCert(of(holder))}`;
const ca = [root.cert, issuing.cert];
const crl = issuing.crl({ revoked: [revoked.serial] }) + root.crl();

function verifierWith(options: Partial<ProxiedClientCertificateVerifierOptions> = {}) {
  return new ProxiedClientCertificateVerifier({ ca, crl, trustedProxies: { unixSocket: true }, ...options });
}

/** A client of a backend on a Unix socket. */
async function behind(verifier: ProxiedClientCertificateVerifier): Promise<RawClient> {
  return connectPlain({ path: await listenOnSocket(createBackend(verifier)) });
}

test("[CC-2.4-03] [CC-2.2-02] whom the proxy names is served; the answer depends on the field, and does not have it", async () => {
  const client = await behind(verifierWith());
  const { status, body, head } = await client.get(field(good));
  expect({ status, body }).toMatchObject({
    status: 200,
    body: { kind: "user", names: { email: ["alice@example.test"] }, x5t: certificateThumbprint(of(good)) },
  });
  expect(head).toMatch(/^Vary: Client-Cert\r$/m);
  expect(head).not.toMatch(/^Client-Cert/im);
});

test.each([
  ["none", [], 401, "certificate_missing"],
  ["revoked", [field(revoked)], 401, "certificate_revoked"],
  ["expired", [field(expired)], 401, "certificate_expired"],
  ["of another CA with the same name", [field(stranger)], 401, "certificate_untrusted"],
  ["for servers only", [field(server)], 401, "certificate_purpose"],
])("a certificate that is %s is refused", async (_what, headers, status, code) => {
  const client = await behind(verifierWith());
  const answer = await client.get(...headers);
  expect(answer).toMatchObject({ status, body: { code } });
});

test("[CC-2.3-02] [CC-2.3-03] a chain comes with the certificate, and without the client's own", async () => {
  const client = await behind(verifierWith());
  const chain = (...cas: { cert: string }[]) => `Client-Cert-Chain: ${encodeClientCertChain(cas.map(of))}`;
  expect(await client.get(field(good), chain(issuing))).toMatchObject({ status: 200 });
  expect(await client.get(field(good), chain(issuing), chain(root))).toMatchObject({ status: 200 });
  const malformed = { status: 400, body: { code: "header_malformed" } };
  expect(await client.get(chain(issuing))).toMatchObject(malformed);
  expect(await client.get(field(good), chain(good, issuing))).toMatchObject(malformed);
  expect(await client.get(field(good), "Client-Cert-Chain: x")).toMatchObject(malformed);
});

test("[CC-2.2-01] two fields, or another spelling, are refused", async () => {
  const client = await behind(verifierWith());
  expect(await client.get(field(good), field(good))).toMatchObject({
    status: 400,
    body: { code: "header_repeated" },
  });
  for (const name of ["Client_Cert", "client_cert", "Client-Cert_Chain"]) {
    const answer = await client.get(field(good).replace("Client-Cert", name));
    expect(answer).toMatchObject({ status: 400, body: { code: "header_malformed" } });
  }
});

test("[CC-2.4-06] whom the policy does not allow is refused with 403", async () => {
  const verifier = verifierWith();
  const { verify } = verifier.allow(({ kind }) => kind === "device");
  const backend = createBackend({ verify, vary: verifier.vary });
  const client = await connectPlain({ path: await listenOnSocket(backend) });
  expect(await client.get(field(good))).toMatchObject({
    status: 403,
    body: { code: "certificate_subject_mismatch" },
  });
});

test("[CC-3.2-01] a chain of four fits into Node's header section, and what does not fit is answered with 431", async () => {
  const client = await behind(verifierWith());
  const four = `Client-Cert-Chain: ${encodeClientCertChain([issuing, root, other, root].map(of))}`;
  expect(await client.get(field(good), four)).toMatchObject({ status: 200 });
  const many = `Client-Cert-Chain: ${encodeClientCertChain(Array<X509Certificate>(60).fill(of(root)))}`;
  client.socket.write(`GET / HTTP/1.1\r\nHost: a\r\n${many}\r\n\r\n`);
  const [text] = (await once(client.socket, "data")) as [string];
  expect(text).toMatch(/^HTTP\/1\.1 431 /);
});

test("[CC-4-02] [CC-4-03] over TCP only from the certificate of the proxy; a forged field is refused", async () => {
  const proxy = await makeCertificate("proxy");
  const thumbprint = certificateThumbprint(of(proxy));
  const verifier = verifierWith({ trustedProxies: { thumbprints: [thumbprint] } });
  const backend = https.createServer(
    { ...certificate, requestCert: true, rejectUnauthorized: false },
    createBackend(verifier).listeners("request")[0] as never,
  );
  const port = await listenInTest(backend);
  const connect = async (holder: object) => {
    const socket = tls.connect({ port, host: "127.0.0.1", rejectUnauthorized: false, ...holder });
    onTestFinished(() => {
      socket.destroy();
    });
    await once(socket, "secureConnect");
    return new RawClient(socket);
  };
  expect(await (await connect(proxy)).get(field(good))).toMatchObject({ status: 200 });
  const untrusted = { status: 400, body: { code: "proxy_untrusted" } };
  for (const holder of [{}, await makeCertificate("proxy"), good]) {
    expect(await (await connect(holder)).get(field(good))).toMatchObject(untrusted);
    expect(await (await connect(holder)).get(field(good).replace("-", "_"))).toMatchObject(untrusted);
  }
});

test("[CA-16] [CA-18] CRLs are reloaded, and an expired one refuses everybody", async () => {
  const verifier = verifierWith();
  const client = await behind(verifier);
  expect(await client.get(field(good))).toMatchObject({ status: 200 });
  verifier.reload({ crl: issuing.crl({ revoked: [good.serial] }) + root.crl() });
  expect(await client.get(field(good))).toMatchObject({ status: 401, body: { code: "certificate_revoked" } });
  const past = new Date(Date.now() - 1000);
  verifier.reload({ crl: issuing.crl({ nextUpdate: past }) + root.crl() });
  expect(await client.get(field(good))).toMatchObject({ status: 503, body: { code: "crl_expired" } });
  verifier.reload({ crl: root.crl() });
  expect(await client.get(field(good))).toMatchObject({ status: 503, body: { code: "crl_missing" } });
});

test("impossible options are refused", () => {
  for (const options of [
    { ca: [root.cert] },
    { trustedProxies: undefined },
    { trustedProxies: { everybody: true } },
    { escapedPemField: "X SSL" },
    { required: true },
  ]) {
    expect(() => verifierWith(options as object)).toThrow(
      expect.objectContaining({ code: "invalid_argument" }),
    );
  }
});
