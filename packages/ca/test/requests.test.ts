import { readFileSync } from "node:fs";
import { join } from "node:path";
import { X509Certificate } from "node:crypto";
import { afterAll, expect, test } from "vitest";
import { newAuthority } from "./support/authority.ts";
import { extension, verified } from "./support/chains.ts";
import { openssl } from "./support/programs.ts";

const authority = await newAuthority({}, afterAll);
const { ca, folder } = authority;
const order = { profile: "user", name: "Bob", email: "bob@example.test" } as const;

/** A request that OpenSSL makes; `args` say what for. */
function request(...args: readonly string[]): string {
  const made = openssl([
    ...["req", "-new", "-nodes", "-subj", "/CN=mallory", "-keyout", join(folder, "request.key")],
    ...["-out", join(folder, "request.pem"), ...args],
  ]);
  expect(made.code, made.text).toBe(0);
  return readFileSync(join(folder, "request.pem"), "utf8");
}

const ec = (curve: string) => ["-newkey", "ec", "-pkeyopt", `ec_paramgen_curve:${curve}`];

test.each([
  ["P-256", ec("P-256")],
  ["P-384", [...ec("P-384"), "-sha384"]],
  ["P-256 with SHA-512", [...ec("P-256"), "-sha512"]],
  ["RSA-2048", ["-newkey", "rsa:2048"]],
  [
    "RSA-3072 with PSS",
    ["-newkey", "rsa:3072", "-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:32"],
  ],
])("[CA-11] from a request with %s the key is taken, and nothing else", async (_, args) => {
  const wishes = ["subjectAltName=email:admin@example.test,DNS:admin.test", "basicConstraints=CA:TRUE"];
  const others = ["keyUsage=keyCertSign", "extendedKeyUsage=serverAuth,anyExtendedKeyUsage"];
  const pem = request(...args, ...[...wishes, ...others].flatMap((one) => ["-addext", one]));
  const { certificate, chain } = await ca.sign({ ...order, request: pem });
  const parsed = new X509Certificate(certificate);
  const key = openssl(["req", "-noout", "-pubkey"], pem).text;
  expect(parsed.publicKey.export({ type: "spki", format: "pem" })).toBe(key);
  expect(parsed.subject).toBe("O=Example\nCN=Bob");
  expect(parsed.subjectAltName).toBe("email:bob@example.test");
  expect(parsed.ca).toBe(false);
  expect(extension(certificate, "keyUsage")).toContain("Digital Signature");
  expect(extension(certificate, "extendedKeyUsage")).toMatch(/TLS Web Client Authentication$/);
  expect(verified(authority, certificate).text).toMatch(/: OK\n$/);
  expect(chain).toBe(certificate + ca.issuingCertificate);
});

test("[CA-11] a request in DER is the same", async () => {
  const pem = request(...ec("P-256"));
  const der = new Uint8Array(Buffer.from(pem.replaceAll(/-----.*-----|\s/g, ""), "base64"));
  const { certificate } = await ca.sign({ ...order, request: der });
  expect(new X509Certificate(certificate).subject).toBe("O=Example\nCN=Bob");
});

test.each([
  ["RSA of 1024 bits", ["-newkey", "rsa:1024"], /RSA of 1024 bits/],
  ["RSA with the exponent 3", ["-newkey", "rsa:2048", "-pkeyopt", "rsa_keygen_pubexp:3"], /exponent 3/],
  ["secp256k1", ec("secp256k1"), /curve secp256k1/],
  ["P-521", ec("P-521"), /curve secp521r1/],
  ["Ed25519", ["-newkey", "ed25519"], /type ed25519/],
  ["RSA-PSS of its own type", ["-newkey", "rsa-pss"], /type rsa-pss/],
])("[CA-12] a weak key is refused: %s", async (_, args, message) => {
  await expect(ca.sign({ ...order, request: request(...args) })).rejects.toMatchObject({
    code: "certificate_request",
    message: expect.stringMatching(message) as string,
  });
});

/** SubjectPublicKeyInfo of RSA with these numbers in a request, whose signature then cannot be right. */
function withRsaExponent(pem: string, exponent: string): Uint8Array {
  const der = Buffer.from(pem.replaceAll(/-----.*-----|\s/g, ""), "base64");
  const at = der.indexOf(Buffer.from("0203010001", "hex"));
  return new Uint8Array(
    Buffer.concat([der.subarray(0, at), Buffer.from(exponent, "hex"), der.subarray(at + 5)]),
  );
}

test("[CA-12] RSA with an even exponent is refused for that", async () => {
  const changed = withRsaExponent(request("-newkey", "rsa:2048"), "0203010002");
  await expect(ca.sign({ ...order, request: changed })).rejects.toMatchObject({
    code: "certificate_request",
    message: expect.stringContaining("the exponent 65538") as string,
  });
});

test("[CA-11] a request that does not prove its key is refused, whatever bit was changed", async () => {
  const pem = request(...ec("P-256"));
  const der = Buffer.from(pem.replaceAll(/-----.*-----|\s/g, ""), "base64");
  for (let at = 0; at < der.length; at += 7) {
    const changed = new Uint8Array(der);
    changed[at]! ^= 1;
    const outcome = await ca.sign({ ...order, request: changed }).catch((error: unknown) => error);
    expect(outcome, `byte ${at}`).toMatchObject({ code: "certificate_request" });
  }
  for (const other of [request(...ec("P-256")), request("-newkey", "rsa:2048")]) {
    // The head of one request with the signature of another one.
    const theirs = Buffer.from(other.replaceAll(/-----.*-----|\s/g, ""), "base64");
    const mixed = new Uint8Array(Buffer.concat([der.subarray(0, 150), theirs.subarray(150)]));
    await expect(ca.sign({ ...order, request: mixed })).rejects.toMatchObject({
      code: "certificate_request",
    });
  }
});

test.each([
  ["nothing", ""],
  ["text", "hello"],
  ["a certificate", ca.rootCertificate],
  ["a cut request", "-----BEGIN CERTIFICATE REQUEST-----\nMIIB\n-----END CERTIFICATE REQUEST-----\n"],
  ["no bytes", new Uint8Array()],
  ["zeros", new Uint8Array(1000)],
  ["a deep nest", Uint8Array.from(Buffer.from("3080".repeat(20_000), "hex"))],
  ["much too long a text", "x".repeat(10_000_000)],
])("what is no request is refused: %s", async (_, bad) => {
  const outcome = await ca.sign({ ...order, request: bad }).catch((error: unknown) => error);
  expect(outcome).toMatchObject({ code: "certificate_request" });
});

test("a refusal leaves nothing in the index", async () => {
  const before = (await ca.list()).length;
  await ca.sign({ ...order, request: request("-newkey", "rsa:1024") }).catch(() => undefined);
  await ca.sign({ ...order, email: "no address", request: request(...ec("P-256")) }).catch(() => undefined);
  expect(await ca.list()).toHaveLength(before);
});
