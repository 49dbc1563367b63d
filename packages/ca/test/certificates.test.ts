import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { createPrivateKey, randomBytes, X509Certificate } from "node:crypto";
import { CertificateAuthority, type CertificateOrder } from "@tokbind/ca";
import { afterAll, afterEach, describe, expect, test, vi } from "vitest";
import { encodeLeaf } from "../src/leaf.ts";
import { readIssuer } from "../src/certificate.ts";
import { file, newAuthority } from "./support/authority.ts";
import { extension, verified, verifiedByGnutls } from "./support/chains.ts";
import { has, openssl } from "./support/programs.ts";

const authority = await newAuthority({}, afterAll);
const { ca, directory } = authority;
const hasCerttool = has("certtool", "gnutls-bin");

const orders: Record<string, CertificateOrder> = {
  server: { profile: "server", dns: ["localhost", "*.example.test"], ip: ["127.0.0.1", "::1"] },
  user: { profile: "user", name: "Alice", email: "alice@example.test", upn: "alice@corp.example" },
  device: { profile: "device", name: "cam 17", uri: "urn:uuid:3fa85f64-5717-4562-b3fc-2c963f66afa6" },
  service: { profile: "service", uri: "spiffe://example.test/billing", dns: ["billing.example.test"] },
  "device without a name": { profile: "device", uri: `urn:example:${"x".repeat(100)}` },
};

afterEach(() => vi.useRealTimers());

describe.each(Object.entries(orders))("a certificate: %s", (_, order) => {
  test("[CA-01] [CA-04] [CA-05] [A-56] OpenSSL verifies it by the strictest rules, for its purpose only", async () => {
    const { certificate } = await ca.issue(order);
    expect(verified(authority, certificate).text).toMatch(/: OK\n$/);
    const isClient = order.profile !== "server";
    const isServer = order.profile === "server" || order.profile === "service";
    expect(verified(authority, certificate, "-purpose", "sslclient").code === 0).toBe(isClient);
    expect(verified(authority, certificate, "-purpose", "sslserver").code === 0).toBe(isServer);
    expect(extension(certificate, "keyUsage")).toBe("X509v3 Key Usage: critical\n    Digital Signature");
    expect(extension(certificate, "basicConstraints")).toBe(
      "X509v3 Basic Constraints: critical\n    CA:FALSE",
    );
    expect(extension(certificate, "subjectKeyIdentifier,authorityKeyIdentifier")).not.toContain("critical");
  });

  test.runIf(hasCerttool)("[CA-01] GnuTLS verifies it", async () => {
    const { certificate } = await ca.issue(order);
    expect(verifiedByGnutls(authority, certificate).text).toContain("Chain verification output: Verified.");
  });

  test("[CA-02] serial numbers are positive, of 16 bytes, and never alike", async () => {
    const seen = new Set<string>();
    for (let i = 0; i < 20; i++) {
      const { certificate, serialNumber } = await ca.issue(order);
      expect(new X509Certificate(certificate).serialNumber.toLowerCase()).toBe(serialNumber);
      // A set top bit would be a minus, or make a 17th byte.
      expect(serialNumber).toMatch(/^[4-7][0-9a-f]{31}$/);
      seen.add(serialNumber);
    }
    expect(seen.size).toBe(20);
  });
});

test("[CA-07] where nothing stands in the subject, the alternative name is critical, else not", async () => {
  const nameless = await ca.issue(orders["device without a name"]!);
  expect(new X509Certificate(nameless.certificate).subject).toBeFalsy();
  expect(extension(nameless.certificate, "subjectAltName")).toContain("Alternative Name: critical\n");
  const named = await ca.issue(orders["device"]!);
  expect(extension(named.certificate, "subjectAltName")).toContain("Alternative Name: \n");
});

test("[CA-01] [CA-03] the root is self-signed; the issuing CA below it may have no CA below", () => {
  const root = new X509Certificate(ca.rootCertificate);
  const issuing = new X509Certificate(ca.issuingCertificate);
  expect(root.checkIssued(root) && root.verify(root.publicKey)).toBe(true);
  expect(issuing.checkIssued(root) && issuing.verify(root.publicKey)).toBe(true);
  expect(extension(ca.rootCertificate, "basicConstraints")).toBe(
    "X509v3 Basic Constraints: critical\n    CA:TRUE",
  );
  expect(extension(ca.issuingCertificate, "basicConstraints")).toBe(
    "X509v3 Basic Constraints: critical\n    CA:TRUE, pathlen:0",
  );
  for (const one of [ca.rootCertificate, ca.issuingCertificate]) {
    expect(extension(one, "keyUsage")).toBe("X509v3 Key Usage: critical\n    Certificate Sign, CRL Sign");
  }
  expect(verified(authority, ca.issuingCertificate).text).toMatch(/: OK\n$/);
});

test("[CA-03] [CA-04] nobody accepts what a leaf signs, or a CA below the issuing CA", async () => {
  const leaf = await ca.issue(orders["service"]!);
  const fields = {
    serialNumber: randomBytes(16),
    organization: "Example",
    profile: "device",
    names: { dns: [], ip: [], uri: "urn:evil" },
    notBefore: new Date(Date.now() - 60_000),
    notAfter: new Date(Date.now() + 60_000),
    publicKey: new X509Certificate(leaf.certificate).publicKey.export({ type: "spki", format: "der" }),
  } as const;
  const byLeaf = encodeLeaf(fields, readIssuer(leaf.certificate), createPrivateKey(leaf.privateKey));
  const pem = `-----BEGIN CERTIFICATE-----\n${byLeaf.toString("base64")}\n-----END CERTIFICATE-----\n`;
  const { text } = openssl([
    "verify",
    "-CAfile",
    join(directory, "root.cert.pem"),
    "-untrusted",
    file(authority.folder, "leaf-and-issuing.pem", leaf.chain),
    file(authority.folder, "by-leaf.pem", pem),
  ]);
  expect(text).toMatch(/error (24|79|32) at/);

  // A CA below the issuing CA, made with OpenSSL and the issuing CA's own key.
  const { folder } = authority;
  const subCa = openssl([
    ...["req", "-x509", "-new", "-CA", join(directory, "issuing.cert.pem")],
    ...["-CAkey", join(directory, "issuing.key.pem"), "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"],
    ...["-nodes", "-keyout", join(folder, "sub.key"), "-subj", "/CN=Sub CA", "-days", "3"],
    ...["-addext", "keyUsage=critical,keyCertSign", "-out", join(folder, "sub.pem")],
  ]);
  expect(subCa.code, subCa.text).toBe(0);
  const below = openssl([
    ...["req", "-x509", "-new", "-CA", join(folder, "sub.pem"), "-CAkey", join(folder, "sub.key")],
    ...[
      "-newkey",
      "ec",
      "-pkeyopt",
      "ec_paramgen_curve:P-256",
      "-nodes",
      "-keyout",
      join(folder, "below.key"),
    ],
    ...["-subj", "/CN=below", "-days", "3", "-addext", "basicConstraints=critical,CA:FALSE"],
    ...["-out", join(folder, "below.pem")],
  ]);
  expect(below.code, below.text).toBe(0);
  const chain = readFileSync(join(folder, "sub.pem"), "utf8") + ca.issuingCertificate;
  const verdict = openssl([
    "verify",
    "-CAfile",
    join(directory, "root.cert.pem"),
    "-untrusted",
    file(folder, "sub-chain.pem", chain),
    join(folder, "below.pem"),
  ]);
  expect(verdict.text).toContain("path length constraint exceeded");
});

test.each([
  ["2049-12-31T00:00:00Z", "17", "18"],
  ["2050-01-01T01:00:00Z", "18", "18"],
])("[CA-06] at %s times are in the right form", async (now, start, end) => {
  vi.useFakeTimers({ toFake: ["Date"], now: new Date(now) });
  const { ca: later } = await newAuthority();
  const { certificate, notBefore, notAfter } = await later.issue({ profile: "user", email: "a@a.test" });
  const parsed = new X509Certificate(certificate);
  expect(new Date(parsed.validFrom)).toEqual(notBefore);
  expect(new Date(parsed.validTo)).toEqual(notAfter);
  expect(notBefore).toEqual(new Date(Date.parse(now) - 5 * 60_000));
  expect(notAfter).toEqual(new Date(Date.parse(now) + 30 * 24 * 60 * 60_000));
  const { text } = openssl(["asn1parse"], certificate);
  const forms = [...text.matchAll(/prim: (UTCTIME|GENERALIZEDTIME)/g)].map(([, form]) => form);
  const names = { 17: "UTCTIME", 18: "GENERALIZEDTIME" };
  expect(forms).toEqual([names[start as "17"], names[end as "18"]]);
});

test("[CA-06] a certificate does not outlive its CA", async () => {
  const { ca: old } = await newAuthority();
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 1800 * 24 * 60 * 60_000 });
  const order = { profile: "device", uri: "urn:a" } as const;
  await expect(old.issue({ ...order, days: 26 })).rejects.toMatchObject({
    code: "invalid_argument",
    message: expect.stringMatching(/ends before its CA does.*got 26 days/) as string,
  });
  await old.issue({ ...order, days: 24 });
});

test.each([
  ["server", 90],
  ["user", 30],
  ["device", 30],
  ["service", 7],
] as const)(
  "[CA-24] a %s's certificate lives for %i days when nothing else is ordered",
  async (profile, days) => {
    const { notAfter } = await ca.issue(orders[profile]!);
    expect(Math.round((notAfter.getTime() - Date.now()) / (24 * 60 * 60_000))).toBe(days);
    const short = await ca.issue({ ...orders[profile]!, days: 1 });
    expect(Math.round((short.notAfter.getTime() - Date.now()) / (60 * 60_000))).toBe(24);
  },
);

describe("[CA-22] name constraints", async () => {
  const constrained = await newAuthority({ permittedDomains: ["example.test", "bücher.test"] }, afterAll);
  const free = authority;

  test.each<CertificateOrder>([
    { profile: "server", dns: ["example.test", "a.example.test", "*.b.example.test", "a.bücher.test"] },
    { profile: "user", email: "alice@example.test" },
    { profile: "user", email: "alice@mail.example.test" },
    { profile: "service", uri: "spiffe://example.test/a", dns: ["a.example.test"] },
    { profile: "device", uri: "https://cam.example.test:8443/17" },
    { profile: "device", name: "cam.example.test", uri: "https://cam.example.test:8443/17" },
    { profile: "server", ip: ["127.0.0.1"] },
  ])("%j is permitted", async (order) => {
    const { certificate } = await constrained.ca.issue(order);
    expect(verified(constrained, certificate).text).toMatch(/: OK\n$/);
    if (hasCerttool) expect(verifiedByGnutls(constrained, certificate).text).toContain(" Verified.");
  });

  test.each<CertificateOrder>([
    { profile: "server", dns: ["a.evil.test"] },
    { profile: "server", dns: ["evilexample.test"] },
    { profile: "user", email: "alice@evil.test" },
    { profile: "user", email: "alice@notexample.test" },
    { profile: "service", uri: "spiffe://evil.test/a" },
    { profile: "device", uri: "https://example.test@evil.test/" },
    { profile: "device", name: "a.evil.test", uri: "https://example.test/" },
    { profile: "device", uri: "urn:uuid:3fa85f64-5717-4562-b3fc-2c963f66afa6" },
  ])("%j is refused by the CA, and by OpenSSL where it was issued all the same", async (order) => {
    await expect(constrained.ca.issue(order)).rejects.toMatchObject({
      code: "invalid_argument",
      message: expect.stringContaining("this CA is for example.test, xn--bcher-kva.test") as string,
    });
    // The same names from the constrained key: what a thief of it would do.
    const issuer = readIssuer(constrained.ca.issuingCertificate);
    const key = createPrivateKey(readFileSync(join(constrained.directory, "issuing.key.pem")));
    const leaf = await free.ca.issue(order);
    const { names } = (await free.ca.list()).at(-1)!;
    const stolen = encodeLeaf(
      {
        serialNumber: randomBytes(16),
        organization: "Example",
        profile: order.profile,
        names: { ...names, dns: names.dns ?? [], ip: names.ip ?? [] },
        notBefore: leaf.notBefore,
        notAfter: leaf.notAfter,
        publicKey: new X509Certificate(leaf.certificate).publicKey.export({ type: "spki", format: "der" }),
      },
      issuer,
      key,
    );
    const pem = `-----BEGIN CERTIFICATE-----\n${stolen.toString("base64")}\n-----END CERTIFICATE-----\n`;
    expect(verified(constrained, pem).text).toMatch(
      /permitted subtree violation|unsupported or invalid name syntax/,
    );
  });
});

test("organization and files are those that were asked for", async () => {
  const again = await CertificateAuthority.open({ directory });
  expect(again.organization).toBe("Example");
  expect(again.rootCertificate).toBe(readFileSync(join(directory, "root.cert.pem"), "utf8"));
  expect(statSync(directory).mode & 0o777).toBe(0o700);
});
