import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CertificateAuthority } from "@tokbind/ca";
import { compareInTurn, ratioResult } from "./compare.ts";
import type { Result } from "./result.ts";

const entries = 10_000;

// In memory where there is such a folder: we wait until the disk has what is written, openssl does not, and how long that
// takes says more of the disk than of either.
const place = existsSync("/dev/shm") ? "/dev/shm" : tmpdir();

/** Certificates and CRLs, from the order to the files, against the openssl command that does the same. */
export async function certificateAuthorityResults(): Promise<Result[]> {
  const folder = mkdtempSync(join(place, "tokbind-bench-"));
  try {
    return [await issuing(folder), await listing(folder)];
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Key, certificate and index against key and certificate of `openssl req -x509 -CA`. */
async function issuing(folder: string): Promise<Result> {
  const directory = join(folder, "issuing");
  const ca = await CertificateAuthority.create({ directory, organization: "Example" });
  const issue = () => ca.issue({ profile: "user", name: "Alice", email: "alice@example.test" });
  const at = (name: string) => join(folder, name);
  const command = [
    ...[
      "req",
      "-x509",
      "-CA",
      join(directory, "issuing.cert.pem"),
      "-CAkey",
      join(directory, "issuing.key.pem"),
    ],
    ...["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/O=Example/CN=Alice"],
    ...["-addext", "subjectAltName=email:alice@example.test", "-addext", "extendedKeyUsage=clientAuth"],
    ...["-days", "30", "-out", at("alice.pem"), "-keyout", at("alice.key")],
  ];
  const comparison = await compareInTurn(
    () => microseconds(issue),
    () =>
      microseconds(() => {
        openssl(command);
      }),
    40,
    10,
  );
  return ratioResult("issue a certificate: share of the openssl command", comparison, "lower", 0.1);
}

/** A CRL of 10,000, from the index to the file, against `openssl ca -gencrl`. */
async function listing(folder: string): Promise<Result> {
  const directory = join(folder, "listing");
  const index = join(directory, "index.jsonl");
  await CertificateAuthority.create({ directory, organization: "Example" });
  const now = new Date();
  const end = new Date(Date.now() + 30 * 24 * 60 * 60 * 1000);
  const serialNumbers = Array.from({ length: entries }, (_, i) => (2n ** 126n + BigInt(i)).toString(16));
  const lines = serialNumbers.flatMap((serialNumber) => [
    {
      type: "issued",
      serialNumber,
      profile: "device",
      names: { dns: [], ip: [], uri: `urn:${serialNumber}` },
      notBefore: now,
      notAfter: end,
      sha256: "",
    },
    { type: "revoked", serialNumber, at: now, reason: "keyCompromise" },
  ]);
  writeFileSync(index, lines.map((line) => `${JSON.stringify(line)}\n`).join(""), { flag: "a" });
  const ca = await CertificateAuthority.open({ directory });
  const at = (name: string) => join(folder, name);
  const stamp = (date: Date) =>
    date
      .toISOString()
      .replaceAll(/[-:T]|\.\d+/g, "")
      .slice(2);
  const row = (serialNumber: string) =>
    `R\t${stamp(end)}\t${stamp(now)},keyCompromise\t${serialNumber.toUpperCase()}\tunknown\t/CN=${serialNumber}\n`;
  writeFileSync(at("index.txt"), serialNumbers.map(row).join(""));
  writeFileSync(at("crlnumber"), "01\n");
  writeFileSync(
    at("openssl.cnf"),
    `[ca]\ndefault_ca=a\n[a]\ndatabase=${at("index.txt")}\ncrlnumber=${at("crlnumber")}\ndefault_md=sha256\n` +
      `certificate=${join(directory, "issuing.cert.pem")}\nprivate_key=${join(directory, "issuing.key.pem")}\n` +
      "default_crl_days=7\ncrl_extensions=e\n[e]\nauthorityKeyIdentifier=keyid\n",
  );
  const command = ["ca", "-gencrl", "-config", at("openssl.cnf"), "-out", at("openssl.crl")];
  const comparison = await compareInTurn(
    () => microseconds(() => ca.crl()),
    () =>
      microseconds(() => {
        openssl(command);
      }),
    30,
    5,
  );
  return ratioResult(`make a CRL of ${entries}: share of openssl ca -gencrl`, comparison, "lower", 1);
}

function openssl(args: readonly string[]): void {
  execFileSync("openssl", args, { stdio: "ignore" });
}

async function microseconds(work: () => unknown): Promise<number> {
  const start = process.hrtime.bigint();
  await work();
  return Number(process.hrtime.bigint() - start) / 1000;
}
