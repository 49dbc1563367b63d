import "reflect-metadata";
import { X509Certificate as NodeCertificate } from "node:crypto";
import fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import type { CertificateOrder } from "@tokbind/ca";
import { X509Certificate } from "@peculiar/x509";
import { newAuthority } from "./support/authority.ts";
import { openssl } from "./support/programs.ts";

const { ca } = await newAuthority({}, afterAll);

/** The subject as a library reads it that has no part in writing it: [type, value] of each attribute. */
function subjectOf(pem: string): [string, string][] {
  const names = new X509Certificate(pem).subjectName.toJSON();
  return names.flatMap((rdn) =>
    Object.entries(rdn).flatMap(([type, values]) => values.map((value): [string, string] => [type, value])),
  );
}

const user = (name: string): CertificateOrder => ({ profile: "user", name, email: "alice@example.test" });
const refused = (message: RegExp) =>
  expect.objectContaining({
    code: "invalid_argument",
    message: expect.stringMatching(message) as string,
  }) as Error;

test.each([
  "a, O=Admin",
  "a,CN=b",
  "a+OU=b",
  "CN=a",
  "#0500",
  "#0c0161",
  '"quoted"',
  "back\\slash",
  "a/CN=b",
  "semi;colon <less> =equals",
  " leading and trailing ",
  "Ünïcödé 名前 שם 🔑",
  "e\u0301",
  "x".repeat(64),
  "🔑".repeat(64),
])("[CA-10] the name %j is one attribute, as it is", async (name) => {
  const { certificate } = await ca.issue(user(name));
  expect(subjectOf(certificate)).toEqual([
    ["O", "Example"],
    ["CN", name.normalize("NFC")],
  ]);
  // The same for OpenSSL: two attributes, two lines.
  const { text } = openssl(
    ["x509", "-noout", "-subject", "-nameopt", "multiline,utf8,-esc_msb"],
    certificate,
  );
  expect(text.trimEnd().split("\n")).toHaveLength(3);
});

test.each([
  ["a line feed", "a\nO=Admin"],
  ["a carriage return", "a\rO=Admin"],
  ["NUL", "a\0b"],
  ["a control character", "a\u0085b"],
  ["a line separator", "a\u2028b"],
  ["an override of the direction", "a\u202Egro.elpmaxe"],
  ["half a character", "a\uD800"],
  ["nothing", ""],
  ["65 characters", "x".repeat(65)],
  ["10 KB", "x".repeat(10_240)],
])("[CA-10] [A-59] a name with %s is refused, here and for an organization", async (_, name) => {
  await expect(ca.issue(user(name))).rejects.toEqual(refused(/name: expected/));
  await expect(newAuthority({ organization: name })).rejects.toEqual(refused(/organization: expected/));
});

test("[CA-10] any text is one attribute or refused", async () => {
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: "binary", maxLength: 70 }), async (name) => {
      const issued = await ca.issue(user(name)).catch((error: unknown) => error);
      if (issued instanceof Error) {
        expect(issued).toEqual(refused(/name: expected/));
        return;
      }
      const { certificate } = issued as { certificate: string };
      expect(subjectOf(certificate)).toEqual([
        ["O", "Example"],
        ["CN", name.normalize("NFC")],
      ]);
    }),
    { numRuns: 100 },
  );
});

test.each<[string, string, string]>([
  ["localhost", "localhost", "DNS:localhost"],
  ["WWW.Example.TEST", "www.example.test", "DNS:www.example.test"],
  ["bücher.test", "xn--bcher-kva.test", "DNS:xn--bcher-kva.test"],
  ["xn--bcher-kva.test", "xn--bcher-kva.test", "DNS:xn--bcher-kva.test"],
  ["例え.テスト", "xn--r8jz45g.xn--zckzah", "DNS:xn--r8jz45g.xn--zckzah"],
  ["*.example.test", "*.example.test", "DNS:*.example.test"],
  [`${"a".repeat(63)}.test`, `${"a".repeat(63)}.test`, `DNS:${"a".repeat(63)}.test`],
])("[CA-09] [A-59] the host name %s", async (dns, expected, shown) => {
  const { certificate, serialNumber } = await ca.issue({ profile: "server", dns: [dns] });
  expect(new NodeCertificate(certificate).subjectAltName).toBe(shown);
  expect((await ca.list()).find((one) => one.serialNumber === serialNumber)?.names.dns).toEqual([expected]);
});

test.each([
  "",
  " ",
  "a b",
  "a,b",
  "a\nb",
  "a\0.example.test",
  "a..b",
  ".a",
  "a.",
  "-a.test",
  "a-.test",
  "a_b.test",
  "*",
  "*.test",
  "**.example.test",
  "a.*.test",
  "*a.example.test",
  "*.*.example.test",
  "ex%61mple.test",
  "user@example.test",
  "example.test:443",
  "https://example.test",
  "127.0.0.1",
  "0x7f.1",
  "1.2.3",
  "example.test/path",
  "a。b",
  `${"a".repeat(64)}.test`,
  `${"a.".repeat(126)}ab`,
  "xn--zzzzzz.test-",
  "a".repeat(10_240),
  "\u202Eexample.test",
])("[CA-10] the host name %j is refused", async (dns) => {
  await expect(ca.issue({ profile: "server", dns: [dns] })).rejects.toEqual(refused(/dns: expected/));
});

test.each([
  ["127.0.0.1", "IP Address:127.0.0.1"],
  ["::1", "IP Address:0:0:0:0:0:0:0:1"],
  ["2001:DB8::1", "IP Address:2001:DB8:0:0:0:0:0:1"],
  ["2001:db8:0:0:1:0:0:1", "IP Address:2001:DB8:0:0:1:0:0:1"],
  ["::", "IP Address:0:0:0:0:0:0:0:0"],
  ["::ffff:192.0.2.1", "IP Address:0:0:0:0:0:FFFF:C000:201"],
  ["fe80::1:2", "IP Address:FE80:0:0:0:0:0:1:2"],
])("[CA-09] the address %s", async (ip, shown) => {
  const { certificate } = await ca.issue({ profile: "server", ip: [ip] });
  expect(new NodeCertificate(certificate).subjectAltName).toBe(shown);
});

test.each(["", "1.2.3", "256.1.1.1", "1.2.3.4/24", "fe80::1%eth0", "::1::", "localhost", "01.2.3.4"])(
  "[CA-10] the address %j is refused",
  async (ip) => {
    await expect(ca.issue({ profile: "server", ip: [ip] })).rejects.toEqual(refused(/ip: expected/));
  },
);

test.each([
  ["alice@example.test", "alice@example.test"],
  ["o'brien+tag@example.test", "o'brien+tag@example.test"],
  ["alice@BÜCHER.test", "alice@xn--bcher-kva.test"],
])("[CA-09] the address %s is an rfc822Name", async (email, expected) => {
  const { certificate } = await ca.issue({ profile: "user", email });
  // Node quotes what could be taken for more than one name.
  expect(new NodeCertificate(certificate).subjectAltName?.replaceAll('"', "")).toBe(`email:${expected}`);
});

test.each([
  "",
  "alice",
  "@example.test",
  "alice@",
  "alice@example.test\0.evil.test",
  "alice@example.test\n",
  "alice, DNS:admin@example.test",
  '"a b"@example.test',
  "älice@example.test",
  "a..b@example.test",
  "alice@127.0.0.1",
  "alice@*.example.test",
  `${"a".repeat(65)}@example.test`,
])("[CA-10] the e-mail address %j is refused", async (email) => {
  await expect(ca.issue({ profile: "user", email })).rejects.toEqual(refused(/email/));
});

test("[CA-09] a URI and a user principal name stay as they are", async () => {
  const uri = "spiffe://example.test/ns/prod,DNS:admin.example.test";
  const device = await ca.issue({ profile: "device", uri });
  const names = new X509Certificate(device.certificate).getExtension("2.5.29.17");
  expect(Buffer.from(names!.value).toString("latin1")).toContain(uri);
  expect(openssl(["x509", "-noout", "-ext", "subjectAltName"], device.certificate).text).toContain(
    `URI:${uri}`,
  );
  const alice = await ca.issue({ profile: "user", email: "alice@example.test", upn: "älice@CORP.EXAMPLE" });
  const { text } = openssl(["x509", "-noout", "-ext", "subjectAltName"], alice.certificate);
  expect(text).toMatch(/othername: UPN::\S*lice@CORP\.EXAMPLE/);
});

test.each([
  "",
  "no-scheme",
  "urn:",
  "spiffe://example.test/a, DNS:admin.example.test",
  "urn:a\nb",
  "urn:a\0b",
  "urn:ä",
  "urn:%zz",
  "urn:a b",
  `urn:${"x".repeat(2045)}`,
])("[CA-10] the URI %j is refused", async (uri) => {
  await expect(ca.issue({ profile: "device", uri })).rejects.toEqual(refused(/uri: expected/));
});

test("[CA-10] more names than a certificate should have are refused, and one that is there twice is there once", async () => {
  const dns = Array.from({ length: 101 }, (_, i) => `a${i}.test`);
  await expect(ca.issue({ profile: "server", dns })).rejects.toEqual(refused(/at most 100/));
  const { certificate } = await ca.issue({ profile: "server", dns: ["a.test", "A.test"] });
  expect(new NodeCertificate(certificate).subjectAltName).toBe("DNS:a.test");
});

test.each<[CertificateOrder, RegExp]>([
  [{ profile: "server" }, /a server certificate: expected dns or ip.*got no names/],
  [{ profile: "server", dns: ["a.test"], email: "a@a.test" }, /a server certificate/],
  [{ profile: "server", uri: "urn:a" }, /a server certificate/],
  [{ profile: "user", name: "Alice" }, /a user certificate/],
  [{ profile: "user", email: "a@a.test", dns: ["a.test"] }, /a user certificate/],
  [{ profile: "device", dns: ["a.test"] }, /a device certificate/],
  [{ profile: "device", uri: "urn:a", email: "a@a.test" }, /a device certificate/],
  [{ profile: "service", dns: ["a.test"] }, /a service certificate/],
  [{ profile: "service", uri: "urn:a", upn: "a@b" }, /a service certificate/],
])("[CA-09] %j is refused: each profile has its own kind of identity", async (order, message) => {
  await expect(ca.issue(order)).rejects.toEqual(refused(message));
});
