// Names are data: each name of a subjectAltName is one string, whatever is in it, or the certificate is refused.

import { X509Certificate } from "node:crypto";
import { der, type LeafOptions, TestAuthority } from "@tokbind/testing";
import { describe, expect, test } from "vitest";
import { ProxiedClientCertificateVerifier, type SubjectAltNames, encodeClientCert } from "../src/index.ts";

const root = await TestAuthority.create("Root");
const verifier = new ProxiedClientCertificateVerifier({
  ca: root.cert,
  trustedProxies: { addressesWithoutProof: ["127.0.0.1"] },
});

/** What a request with a certificate of these names proves. */
async function clientOf(options: LeafOptions) {
  const { cert } = await root.issue(options);
  const socket = { remoteAddress: "127.0.0.1" };
  const rawHeaders = ["Client-Cert", encodeClientCert(new X509Certificate(cert))];
  return verifier.verify({ rawHeaders, socket: socket as never });
}

const name = (tag: number, value: string | Uint8Array) => der(tag, Buffer.from(value as string));
const rawNames = (...names: Buffer[]) => ({ names: [], rawNames: der(0x30, ...names) });
const upn = (value: Buffer) =>
  der(0xa0, der(0x06, Buffer.from("2b060104018237140203", "hex")), der(0xa0, der(0x0c, value)));
const none: SubjectAltNames = { email: [], upn: [], uri: [], dns: [], ip: [] };
const [email, dns, uri, ip] = [0x81, 0x82, 0x86, 0x87];

test.each<[string, Buffer, Partial<SubjectAltNames>]>([
  [
    "a comma and an equals sign",
    name(email, "a,O=Admin@example.test"),
    { email: ["a,O=Admin@example.test"] },
  ],
  ["what looks like DER in hex", name(email, "#0500"), { email: ["#0500"] }],
  [
    "what Node prints as two names",
    name(email, "a,email:b@example.test"),
    { email: ["a,email:b@example.test"] },
  ],
  ["quotes and a backslash", name(uri, 'urn:x:"\\"'), { uri: ['urn:x:"\\"'] }],
  ["10,000 characters", name(email, "a".repeat(10_000)), { email: ["a".repeat(10_000)] }],
  ["IDNA, in capitals", name(dns, "XN--BCHER-KVA.example"), { dns: ["xn--bcher-kva.example"] }],
  ["a wildcard", name(dns, "*.example.test"), { dns: ["*.example.test"] }],
  ["IPv4", name(ip, Buffer.of(192, 0, 2, 1)), { ip: ["192.0.2.1"] }],
  ["IPv6", name(ip, Buffer.from("20010db8000000000000000000000001", "hex")), { ip: ["2001:db8::1"] }],
  ["Unicode in a UPN", upn(Buffer.from("bücher@example.test")), { upn: ["bücher@example.test"] }],
  ["a kind that names nobody here", der(0xa4, der(0x30)), {}],
])("[CA-10] %s is one name", async (_what, san, names) => {
  const client = await clientOf(rawNames(san));
  expect(client.names).toEqual({ ...none, ...names });
  expect(Object.isFrozen(client) && Object.isFrozen(client.names.email)).toBe(true);
});

test.each<[string, Buffer]>([
  ["a newline", name(email, "a@example.test\nO=Admin")],
  ["NUL", name(dns, "example.test\0.evil.test")],
  ["a space", name(email, "a b@example.test")],
  ["bytes above ASCII", name(email, Buffer.from("b\xfccher@example.test", "latin1"))],
  ["nothing", name(email, "")],
  ["an address of 5 bytes", name(ip, Buffer.alloc(5))],
  ["a UPN with a newline", upn(Buffer.from("a@example.test\nadmin"))],
  ["a UPN that turns its direction", upn(Buffer.from("a\u202Enimda@example.test"))],
  ["a UPN that is no UTF-8", upn(Buffer.of(0x61, 0xff))],
])("[CA-10] a name with %s is refused", async (_what, san) => {
  await expect(clientOf(rawNames(name(email, "good@example.test"), san))).rejects.toThrow(
    expect.objectContaining({ code: "certificate_malformed", status: 400 }),
  );
});

describe("[A-62] [CA-09] [ZT-09] whom a certificate is for", () => {
  const both = ["clientAuth", "serverAuth"] as const;
  test.each<[string | undefined, LeafOptions]>([
    ["user", { names: [{ type: "email", value: "a@example.test" }] }],
    ["user", rawNames(upn(Buffer.from("a@example.test")))],
    ["device", { names: [{ type: "url", value: "urn:sensor:1" }] }],
    ["service", { names: [{ type: "url", value: "spiffe://example.test/api" }], purposes: both }],
    [
      "service",
      {
        names: [
          { type: "url", value: "spiffe://a/b" },
          { type: "dns", value: "a.test" },
        ],
        purposes: both,
      },
    ],
    ["server", { names: [{ type: "dns", value: "a.test" }], purposes: both }],
    ["server", { names: [{ type: "ip", value: "192.0.2.1" }], purposes: both }],
    // A CN says nothing.
    [undefined, { names: [], rawNames: der(0x30), subject: "CN=alice@example.test" }],
    ["device", { names: [{ type: "url", value: "urn:sensor:1" }], subject: "CN=admin@example.test" }],
  ])("%s", async (kind, options) => {
    const client = await clientOf(options);
    expect(client.kind).toBe(kind);
    expect(JSON.stringify(client.names)).not.toContain("admin");
  });
});
