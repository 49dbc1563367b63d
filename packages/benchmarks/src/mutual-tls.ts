import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { once } from "node:events";
import tls, { type SecureVersion, type TLSSocket } from "node:tls";
import { ClientCertificateVerifier } from "@tokbind/mutual-tls";
import { TestAuthority, certificate, listen } from "@tokbind/testing";
import { negotiatedTokenBinding, withTokenBinding } from "@tokbind/tls";
import { compare, ratioResult } from "./compare.ts";
import type { Result } from "./result.ts";

const root = await TestAuthority.create("Root");
const issuing = await root.issuing("Issuing");
const alice = await issuing.issue({ names: [{ type: "email", value: "alice@example.test" }] });
const ca = [root.cert, issuing.cert];
const crlOf = (count: number) => [
  issuing.crl({ revoked: Array.from({ length: count }, () => `01${randomBytes(15).toString("hex")}`) }),
  root.crl(),
];

/** What client certificates cost with our verifier, beside node:tls by itself. */
export async function mutualTlsResults(): Promise<Result[]> {
  const results: Result[] = [];
  const verifier = new ClientCertificateVerifier({ ca, crl: crlOf(10_000) });
  const verify = (socket: TLSSocket) => void verifier.verify({ rawHeaders: [], socket });
  const bare = (socket: TLSSocket) => {
    if (!socket.authorized) throw new Error("the client was to be authorized");
  };
  for (const version of ["TLSv1.2", "TLSv1.3"] as const) {
    const counts = { ours: 2, baseline: 2 };
    const rounds = 150;
    const plain = await startHandshakes(version, bare, false);
    const verified = await startHandshakes(version, verify, false);
    const bound = await startHandshakes(version, verify, true);
    results.push(
      ratioResult(
        `${version} handshake with a client certificate, verified with a CRL of 10,000: of requestCert alone`,
        await compare(verified.work, plain.work, counts, rounds),
        "lower",
        1.05,
      ),
      ratioResult(
        `${version} handshake with a client certificate and Token Binding: of that without Token Binding`,
        await compare(bound.work, verified.work, counts, rounds),
        "lower",
        1.1,
      ),
    );
    for (const { stop } of [plain, verified, bound]) stop();
  }
  return [...results, await knownConnection(), await reload()];
}

async function startHandshakes(version: SecureVersion, look: (socket: TLSSocket) => void, isBound: boolean) {
  const versions = { minVersion: version, maxVersion: version };
  const create = () => ({
    server: tls.createServer(
      { ...certificate, ...versions, ca, requestCert: true, rejectUnauthorized: false },
      (socket) => {
        if ((negotiatedTokenBinding(socket) !== undefined) !== isBound)
          throw new Error("negotiated otherwise");
        look(socket);
        socket.end();
      },
    ),
    secureContext: tls.createSecureContext({ ...versions, cert: alice.cert, key: alice.key }),
  });
  const { server, secureContext } = isBound ? withTokenBinding(create) : create();
  const port = await listen(server);
  const options = { host: "127.0.0.1", port, secureContext, rejectUnauthorized: false };
  const work = async (count: number) => {
    for (let i = 0; i < count; i++) {
      const socket = tls.connect(options);
      socket.resume();
      await once(socket, "close");
    }
  };
  return { work, stop: () => server.close() };
}

/** Beside the least that somebody does who compares a certificate on every request. */
async function knownConnection(): Promise<Result> {
  const verifier = new ClientCertificateVerifier({ ca, crl: crlOf(100_000) });
  const server = tls.createServer({ ...certificate, ...verifier.tlsOptions });
  const port = await listen(server);
  const accepted = once(server, "secureConnection") as Promise<[TLSSocket]>;
  const client = tls.connect({ host: "127.0.0.1", port, ...alice, rejectUnauthorized: false });
  const [socket] = await accepted;
  const request = { rawHeaders: [], socket };
  const expected = Buffer.from(verifier.verify(request)["x5t#S256"], "base64url");
  const comparison = await compare(
    (count) => {
      for (let i = 0; i < count; i++) verifier.verify(request);
    },
    (count) => {
      for (let i = 0; i < count; i++) {
        const { raw } = socket.getPeerX509Certificate()!;
        if (!timingSafeEqual(createHash("sha256").update(raw).digest(), expected))
          throw new Error("another one");
      }
    },
    { ours: 5_000, baseline: 50 },
  );
  client.destroy();
  server.close();
  const name = "verify on a known connection, CRL of 100,000: of raw + SHA-256 + compare";
  return ratioResult(name, comparison, "lower", 0.02);
}

async function reload(): Promise<Result> {
  const crl = crlOf(100_000);
  const verifier = new ClientCertificateVerifier({ ca });
  const comparison = await compare(
    () => void verifier.reload({ crl }),
    () => void tls.createSecureContext({ crl }),
    { ours: 1, baseline: 1 },
    10,
  );
  const name = "CRL reload of 100,000: of Node's own load";
  return ratioResult(name, comparison, "lower", 1);
}
