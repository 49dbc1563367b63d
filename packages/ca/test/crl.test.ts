import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createPrivateKey, X509Certificate } from "node:crypto";
import tls from "node:tls";
import type { CertificateAuthority, RevocationReason } from "@tokbind/ca";
import { afterEach, expect, test, vi } from "vitest";
import { newSerialNumber, readIssuer } from "../src/certificate.ts";
import { encodeCrl } from "../src/crl.ts";
import { encodeLeaf } from "../src/leaf.ts";
import { encodePem } from "../src/pem.ts";
import { newAuthority } from "./support/authority.ts";
import { verified, verifiedByGnutls } from "./support/chains.ts";
import { has, openssl, run } from "./support/programs.ts";

const hasCerttool = has("certtool", "gnutls-bin");
const day = 24 * 60 * 60 * 1000;
const order = { profile: "device", uri: "urn:a" } as const;

afterEach(() => vi.useRealTimers());

/** What OpenSSL reads in a CRL, after it has verified its signature. */
function read(directory: string, crl: string, certificate = "issuing.cert.pem"): string {
  const { code, text } = openssl(
    ["crl", "-noout", "-text", "-verify", "-CAfile", join(directory, certificate)],
    crl,
  );
  expect(code, text).toBe(0);
  expect(text).toContain("verify OK");
  return text;
}

const serialNumbersIn = (text: string) =>
  [...text.matchAll(/Serial Number: ([0-9A-F]+)/g)].map(([, hex]) => hex!.toLowerCase());

test("[CA-14] an empty CRL has no list of certificates", async () => {
  const { ca, directory } = await newAuthority();
  const { crl, revoked } = await ca.crl();
  expect(revoked).toBe(0);
  const text = read(directory, crl);
  expect(text).toContain("No Revoked Certificates");
  expect(text).toContain("Version 2 (0x1)");
  // Version, algorithm, issuer, two times, extensions, and the signature's algorithm: an empty list would be one more,
  // which OpenSSL would show as none too.
  const { text: parsed } = openssl(["asn1parse"], crl);
  expect(parsed.split("\n").filter((line) => line.includes("d=2  "))).toHaveLength(7);
});

test("[CA-14] [CA-15] CRLs of OpenSSL's form, with a number that grows, key identifier and both times", async () => {
  const { ca, directory } = await newAuthority();
  const before = readFileSync(join(directory, "crl.pem"), "utf8");
  expect(read(directory, before)).toMatch(/CRL Number: \n\s+1\n/);
  for (const number of [2, 3]) {
    const made = await ca.crl();
    expect(made.number).toBe(number);
    expect(made.crl).toMatch(/^-----BEGIN X509 CRL-----\n/);
    expect(readFileSync(join(directory, "crl.pem"), "utf8")).toBe(made.crl);
    const text = read(directory, made.crl);
    expect(text).toMatch(new RegExp(`CRL Number: \\n\\s+${number}\\n`));
    expect(text).toContain("X509v3 Authority Key Identifier");
    expect(made.nextUpdate.getTime() - Date.now()).toBeGreaterThan(6.9 * day);
  }
  const { crl, number } = await ca.rootCrl();
  expect(number).toBe(2);
  expect(read(directory, crl, "root.cert.pem")).toMatch(/CRL Number: \n\s+2\n/);
  expect(readFileSync(join(directory, "root.crl.pem"), "utf8")).toBe(crl);
});

test.each<[RevocationReason, string | undefined]>([
  ["unspecified", undefined],
  ["keyCompromise", "Key Compromise"],
  ["cACompromise", "CA Compromise"],
  ["affiliationChanged", "Affiliation Changed"],
  ["superseded", "Superseded"],
  ["cessationOfOperation", "Cessation Of Operation"],
  ["privilegeWithdrawn", "Privilege Withdrawn"],
])("[CA-14] revoked for the reason %s", async (reason, shown) => {
  const authority = await newAuthority();
  const { ca, directory } = authority;
  const good = await ca.issue(order);
  const bad = await ca.issue(order);
  const { revocation } = await ca.revoke({ serialNumber: bad.serialNumber, reason });
  expect(revocation?.reason).toBe(reason);
  const { crl } = await ca.crl();
  const text = read(directory, crl);
  expect(serialNumbersIn(text)).toEqual([bad.serialNumber]);
  if (shown === undefined) expect(text).not.toContain("CRL entry extensions");
  else expect(text).toMatch(new RegExp(`CRL Reason Code: \\n\\s+${shown}\\n`));
  expect(verified(authority, good.certificate).text).toMatch(/: OK\n$/);
  expect(verified(authority, bad.certificate).text).toContain("certificate revoked");
  if (!hasCerttool) return;
  expect(verifiedByGnutls(authority, good.certificate).text).toContain(" Verified.");
  expect(verifiedByGnutls(authority, bad.certificate).text).toContain("is revoked");
});

test("revoked stays revoked, for the first reason, by whatever name it is called", async () => {
  const { ca } = await newAuthority();
  const { serialNumber, chain } = await ca.issue(order);
  const first = await ca.revoke({ certificate: chain, reason: "keyCompromise" });
  const colons = serialNumber.toUpperCase().replaceAll(/..(?!$)/g, "$&:");
  expect(await ca.revoke({ serialNumber: colons, reason: "superseded" })).toEqual(first);
  expect((await ca.crl()).revoked).toBe(1);
});

test("a certificate that this CA has not issued is not revoked, even with a serial number that it has", async () => {
  const { ca } = await newAuthority();
  const { ca: other, directory } = await newAuthority();
  const { serialNumber, certificate } = await other.issue(order);
  const unknown = { code: "certificate_untrusted" };
  await expect(ca.revoke({ serialNumber })).rejects.toMatchObject(unknown);
  await expect(ca.revoke({ certificate })).rejects.toMatchObject(unknown);
  await expect(ca.revoke({ serialNumber: "" })).rejects.toMatchObject({ code: "invalid_argument" });
  await expect(ca.revoke({})).rejects.toMatchObject({ code: "invalid_argument" });
  await expect(ca.revoke({ serialNumber, certificate })).rejects.toMatchObject({ code: "invalid_argument" });
  await expect(ca.revoke({ certificate: "none" })).rejects.toMatchObject({ code: "certificate_malformed" });
  // One of another CA with a serial number of ours.
  const ours = await ca.issue(order);
  const twin = encodeLeaf(
    {
      ...ours,
      serialNumber: Buffer.from(ours.serialNumber, "hex"),
      organization: "Example",
      profile: "device",
      names: { dns: [], ip: [], uri: order.uri },
      publicKey: new X509Certificate(certificate).publicKey.export({ type: "spki", format: "der" }),
    },
    readIssuer(other.issuingCertificate),
    createPrivateKey(readFileSync(join(directory, "issuing.key.pem"))),
  );
  expect(new X509Certificate(twin).serialNumber.toLowerCase()).toBe(ours.serialNumber);
  await expect(ca.revoke({ certificate: encodePem("CERTIFICATE", twin) })).rejects.toMatchObject(unknown);
  // Its issuing CA's own certificate is the root's to revoke.
  await expect(ca.revoke({ certificate: ca.issuingCertificate })).rejects.toMatchObject(unknown);
});

test("a certificate is on one CRL after its life, and then on none", async () => {
  const { ca, directory } = await newAuthority();
  const start = Date.now();
  const { serialNumber } = await ca.issue({ ...order, days: 1 });
  await ca.revoke({ serialNumber });
  const at = async (days: number) => {
    vi.useFakeTimers({ toFake: ["Date"], now: start + days * day });
    return serialNumbersIn(read(directory, (await ca.crl()).crl));
  };
  expect(await at(0.5)).toEqual([serialNumber]);
  expect(await at(2)).toEqual([serialNumber]);
  expect(await at(3)).toEqual([]);
});

test.each([7_000, 100_000])(
  "[CA-14] %i entries are made, with progress, and loaded by OpenSSL and Node",
  async (count) => {
    const { ca, directory } = await newAuthority();
    const serialNumbers = Array.from({ length: count }, () => newSerialNumber().toString("hex"));
    const progress: number[] = [];
    let others = 0;
    let timer = setImmediate(function turn() {
      others++;
      timer = setImmediate(turn);
    });
    const der = await encodeCrl(
      {
        issuer: readIssuer(ca.issuingCertificate),
        number: 70_000,
        thisUpdate: new Date(Date.now() - 60_000),
        nextUpdate: new Date(Date.now() + day),
        revoked: serialNumbers.map((serialNumber) => ({
          type: "revoked",
          serialNumber,
          at: new Date().toISOString(),
          reason: "keyCompromise",
        })),
      },
      createPrivateKey(readFileSync(join(directory, "issuing.key.pem"))),
      (done) => progress.push(done),
    );
    clearImmediate(timer);
    // Others had their turn meanwhile.
    expect(others).toBeGreaterThan(0);
    expect(progress).toEqual([
      ...Array.from({ length: Math.ceil(count / 5_000) - 1 }, (_, i) => 5_000 * (i + 1)),
      count,
    ]);
    const crl = encodePem("X509 CRL", der);
    const check = ["crl", "-noout", "-verify", "-CAfile", join(directory, "issuing.cert.pem")];
    expect(openssl(check, crl).text).toContain("verify OK");
    // As text, 100,000 take OpenSSL half a minute.
    if (count < 10_000) expect(serialNumbersIn(read(directory, crl))).toEqual(serialNumbers);
    tls.createSecureContext({ ca: ca.rootCertificate, crl: [crl] });
  },
);

test.runIf(hasCerttool)("[CA-14] GnuTLS reads a CRL", async () => {
  const { ca } = await newAuthority();
  const serialNumbers: string[] = [];
  for (let i = 0; i < 10; i++) {
    const { serialNumber } = await ca.issue(order);
    await ca.revoke({ serialNumber, reason: "superseded" });
    serialNumbers.push(serialNumber);
  }
  const { text } = run("certtool", ["--crl-info"], (await ca.crl()).crl);
  expect(text).toContain("Revoked certificates (10)");
  expect(text).toContain("CRL Number (not critical): 02");
  const read = [...text.matchAll(/Serial Number \(hex\): ([0-9a-f]+)/g)].map(([, hex]) => hex);
  expect(read).toEqual(serialNumbers);
});

test("onProgress is called, and two CRLs at once have two numbers", async () => {
  const { ca } = await newAuthority();
  const { serialNumber } = await ca.issue(order);
  await ca.revoke({ serialNumber });
  const onProgress = vi.fn();
  const made = await Promise.all([ca.crl({ onProgress }), ca.crl(), ca.crl({ days: 1 })]);
  expect(made.map(({ number }) => number)).toEqual([2, 3, 4]);
  expect(onProgress.mock.calls).toEqual([[1, 1]]);
});

test.each<Parameters<CertificateAuthority["crl"]>[0]>([
  { days: 0 },
  { days: 1.5 },
  { days: "7" as never },
  { onProgress: true as never },
  { unknown: 1 } as never,
])("the options %j are refused", async (options) => {
  const { ca } = await newAuthority();
  await expect(ca.crl(options)).rejects.toMatchObject({ code: "invalid_argument" });
});
