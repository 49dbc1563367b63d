import { X509Certificate } from "node:crypto";
import { expect, test } from "vitest";
import {
  certificateThumbprint,
  decodeClientCert,
  decodeClientCertChain,
  decodeEscapedClientCert,
  encodeClientCert,
  encodeClientCertChain,
} from "../src/index.ts";
import { organization } from "./support/organization.ts";

const { root, issuing, good } = await organization();
const alice = new X509Certificate(good.cert);
const chain = [issuing, root].map(({ cert }) => new X509Certificate(cert));

const codeOf = (decode: () => unknown): unknown => {
  try {
    return decode();
  } catch (error) {
    return (error as { code?: string }).code;
  }
};

/** RFC 9440 appendix A, figure 2. */
const vector =
  ":MIIBqDCCAU6gAwIBAgIBBzAKBggqhkjOPQQDAjA6MRswGQYDVQQKDBJMZXQncyBBdXRoZW50aWNhdGUxGzAZBgNVBAMMEkxBIEludGVybWVkaWF0ZSBDQTAeFw0yMDAxMTQyMjU1MzNaFw0yMTAxMjMyMjU1MzNaMA0xCzAJBgNVBAMMAkJDMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE8YnXXfaUgmnMtOXU/IncWalRhebrXmckC8vdgJ1p5Be5F/3YC8OthxM4+k1M6aEAEFcGzkJiNy6J84y7uzo9M6NyMHAwCQYDVR0TBAIwADAfBgNVHSMEGDAWgBRm3WjLa38lbEYCuiCPct0ZaSED2DAOBgNVHQ8BAf8EBAMCBsAwEwYDVR0lBAwwCgYIKwYBBQUHAwIwHQYDVR0RAQH/BBMwEYEPYmRjQGV4YW1wbGUuY29tMAoGCCqGSM49BAMCA0gAMEUCIBHda/r1vaL6G3VliL4/Di6YK0Q6bMjeSkC3dFCOOB8TAiEAx/kHSB4urmiZ0NX5r5XarmPk0wmuydBVoU4hBVZ1yhk=:";

test("[CC-2.1-01] a certificate is a Byte Sequence: the vector of RFC 9440 appendix A", () => {
  const certificate = decodeClientCert([vector])!;
  expect(certificate.subject).toBe("CN=BC");
  expect(encodeClientCert(certificate)).toBe(vector);
  expect(encodeClientCert(alice)).toBe(`:${alice.raw.toString("base64")}:`);
  expect(decodeClientCert([` ${encodeClientCert(alice)}`])!.raw).toEqual(alice.raw);
  // RFC 8941 section 4.2.7: padding may be missing.
  expect(decodeClientCert([encodeClientCert(alice).replaceAll("=", "")])!.raw).toEqual(alice.raw);
  expect(decodeClientCert([])).toBeUndefined();
});

test("[MTLS-3.1-01] the thumbprint of RFC 8705 appendix A's kind: base64url of SHA-256 over the DER", () => {
  const hex = alice.fingerprint256.replaceAll(":", "");
  expect(certificateThumbprint(alice)).toBe(Buffer.from(hex, "hex").toString("base64url"));
  expect(certificateThumbprint(alice)).toMatch(/^[\w-]{43}$/);
});

test("[CC-2.1-02] other formats are refused", () => {
  const base64 = alice.raw.toString("base64");
  const pem = good.cert.slice(0, good.cert.indexOf("-----END") + 25);
  for (const value of [
    base64,
    `"${base64}"`,
    pem,
    encodeURIComponent(pem),
    `:${Buffer.from(pem).toString("base64")}:`,
    `:${base64}`,
    `${base64}:`,
    `:${base64}:;a=1`,
    `:${base64.slice(0, -8)}:`,
    `:${Buffer.concat([alice.raw, Buffer.of(0)]).toString("base64")}:`,
    `:${base64.replace(/^.{10}/, "$& ")}:`,
    `:${alice.raw.toString("base64url")}:`,
    "::",
    "",
  ]) {
    expect([value, codeOf(() => decodeClientCert([value]))]).toEqual([value, "header_malformed"]);
  }
});

test("[CC-2.2-01] Client-Cert is a single one", () => {
  const line = encodeClientCert(alice);
  expect(codeOf(() => decodeClientCert([line, line]))).toBe("header_repeated");
  expect(codeOf(() => decodeClientCert([`${line}, ${line}`]))).toBe("header_repeated");
  expect(codeOf(() => decodeClientCert([line, ""]))).toBe("header_repeated");
});

test("[CC-2.3-01] Client-Cert-Chain is a List, in one line or in several", () => {
  const line = encodeClientCertChain(chain);
  expect(line).toBe(chain.map(encodeClientCert).join(", "));
  const ders = chain.map(({ raw }) => raw);
  expect(decodeClientCertChain([line]).map(({ raw }) => raw)).toEqual(ders);
  expect(decodeClientCertChain(line.split(", ")).map(({ raw }) => raw)).toEqual(ders);
  expect(decodeClientCertChain([])).toEqual([]);
  for (const broken of ["", `${line},`, `${line}, x`, line.replace(", ", " ")]) {
    expect(codeOf(() => decodeClientCertChain([broken]))).toBe("header_malformed");
  }
});

test("nginx's URL-encoded PEM is a format of its own", () => {
  const pem = good.cert.slice(0, good.cert.indexOf("-----END") + 25);
  const decode = (...lines: string[]) => decodeEscapedClientCert("X-SSL-Cert", lines);
  expect(decode(encodeURIComponent(pem))!.raw).toEqual(alice.raw);
  expect(decode()).toBeUndefined();
  expect(decode("")).toBeUndefined();
  expect(codeOf(() => decode(encodeURIComponent(pem), ""))).toBe("header_repeated");
  for (const broken of [
    encodeClientCert(alice),
    "%",
    encodeURIComponent(good.cert),
    encodeURIComponent(`${pem}x`),
    encodeURIComponent(pem.replace("CERTIFICATE", "X509 CRL")),
  ]) {
    expect(codeOf(() => decode(broken))).toBe("header_malformed");
  }
});
