import { createHash, X509Certificate } from "node:crypto";
import tls from "node:tls";
import { describe, expect, test } from "vitest";
import { certificate, makeCertificate } from "@tokbind/testing";
import {
  channelBinding,
  createScramCredentials,
  ScramClient,
  ScramServer,
  serverEndPoints,
} from "../src/index.ts";
import { type Ends, serverInTest, sessionOf } from "./support/connect.ts";
import { certificateIssued, certificateSigned, hasOpenssl, signatures } from "./support/openssl.ts";

const hashed = (hash: string, pem: string) =>
  createHash(hash).update(new X509Certificate(pem).raw).digest("hex");
const endPoint = (pem: string) => serverEndPoints([pem])[0]!.toString("hex");
const isUndefined = expect.objectContaining({ code: "undefined_for_certificate" }) as unknown;

describe.runIf(hasOpenssl)("certificates of all kinds", () => {
  test.each(Object.keys(signatures) as (keyof typeof signatures)[])(
    "[CB-5929-02] [CB-5929-4.1-02] [CB-5929-4.1-03] [CB-5929-4.1-04] %s",
    (kind) => {
      const { cert } = certificateSigned(kind);
      expect(endPoint(cert)).toBe(hashed(signatures[kind][2], cert));
    },
  );

  test("[CB-5929-4.1-01] the hash is that of the issuer's signature, whatever the certificate's own key is", () => {
    const { cert } = certificateIssued();
    expect(new X509Certificate(cert).publicKey.asymmetricKeyType).toBe("rsa");
    expect(endPoint(cert)).toBe(hashed("sha384", cert));
  });

  test("[CB-5929-4.1-05] Ed25519 and Ed448 are refused; Ed25519 by SHA-512 only when that is asked for", async () => {
    const [ed25519, ed448] = [certificateSigned("Ed25519"), certificateSigned("Ed448")];
    expect(() => serverEndPoints([ed25519.cert])).toThrow(isUndefined);
    expect(() => serverEndPoints([ed448.cert])).toThrow(isUndefined);
    expect(() => serverEndPoints([ed448.cert], { ed25519: "SHA-512" })).toThrow(isUndefined);
    const { client, server } = await (await serverInTest(ed25519))();
    for (const end of [client, server]) {
      expect(() => channelBinding(end, "tls-server-end-point")).toThrow(isUndefined);
      const data = channelBinding(end, "tls-server-end-point", { ed25519: "SHA-512" });
      expect(data.toString("hex")).toBe(hashed("sha512", ed25519.cert));
    }
  });
});

describe.runIf(hasOpenssl)("a server with several certificates", () => {
  test.each(["TLSv1.2", "TLSv1.3"] as const)(
    "[CB-5929-4.1-08] accepts exactly those that it can have served, over %s, full and resumed",
    async (version) => {
      const rsa = certificateSigned("RSA SHA-256");
      const [ec, third] = [await makeCertificate("localhost"), certificateSigned("RSA SHA-512")];
      const connect = await serverInTest({
        cert: [rsa.cert, ec.cert],
        key: [rsa.key, ec.key],
        minVersion: version,
        maxVersion: version,
        SNICallback: (name, done) => {
          done(null, name === "third.example" ? tls.createSecureContext(third) : undefined);
        },
      });
      const certificates = [rsa.cert, ec.cert, third.cert];
      const clients = [
        { sigalgs: "RSA-PSS+SHA256" },
        { sigalgs: "ECDSA+SHA256" },
        { sigalgs: "RSA-PSS+SHA256", servername: "third.example" },
      ];
      const seen: Buffer[] = [];
      for (const options of clients) {
        const full = await connect(options);
        const resumed = await connect({ ...options, session: await sessionOf(full) });
        expect(resumed.client.isSessionReused()).toBe(true);
        for (const ends of [full, resumed]) {
          const data = channelBinding(ends.client, "tls-server-end-point");
          await expect(login(ends, certificates)).resolves.toBe("user");
          // Without the one that this client has seen.
          const others = serverEndPoints(certificates).map((value, index) => ({ value, index }));
          const rest = others
            .filter(({ value }) => !value.equals(data))
            .map(({ index }) => certificates[index]!);
          expect(rest).toHaveLength(2);
          await expect(login(ends, rest)).rejects.toMatchObject({ code: "channel_bindings_dont_match" });
          seen.push(data);
        }
      }
      const hex = (values: Buffer[]) => values.map((value) => value.toString("hex"));
      expect(hex(seen)).toEqual(hex(serverEndPoints(certificates).flatMap((value) => [value, value])));
    },
  );
});

async function login({ client, server }: Ends, certificates: string[]): Promise<string> {
  const mechanism = "SCRAM-SHA-256-PLUS";
  const kept = await createScramCredentials(mechanism, "pencil");
  const scramServer = new ScramServer({
    mechanism,
    channelBinding: { socket: server, certificates },
    credentials: () => kept,
    secret: Buffer.alloc(16),
  });
  const scramClient = new ScramClient({
    mechanisms: [mechanism],
    username: "user",
    password: "pencil",
    channelBinding: { socket: client, type: "tls-server-end-point" },
  });
  const final = await scramClient.final(await scramServer.first(scramClient.first()));
  return scramServer.final(final).username;
}

test("PEM, DER and X509Certificate are the same certificate; what is none is told", () => {
  const x509 = new X509Certificate(certificate.cert);
  const forms = [certificate.cert, Buffer.from(certificate.cert), x509.raw, new Uint8Array(x509.raw), x509];
  expect(new Set(serverEndPoints(forms).map((value) => value.toString("hex"))).size).toBe(1);
  const wrong = expect.objectContaining({ code: "invalid_argument" }) as unknown;
  for (const certificates of [
    "no array",
    ["no certificate"],
    [Buffer.alloc(40)],
    [x509.raw.subarray(0, -1)],
    [5],
  ]) {
    expect(() => serverEndPoints(certificates as string[])).toThrow(wrong);
  }
  expect(() => serverEndPoints([x509], { ed25519: true } as object)).toThrow(wrong);
});
