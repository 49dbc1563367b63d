import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Whether a program is there; what needs it is skipped without, and says so. */
export function has(program: string, debian: string): boolean {
  const isThere =
    spawnSync("sh", ["-c", `command -v ${program}`], { env: { ...process.env, PATH: path } }).status === 0;
  if (!isThere) process.stderr.write(`skipped: tests against ${program} need it (Debian: ${debian})\n`);
  return isThere;
}

/** With the folders of daemons, which users other than root often lack. */
export const path = `${process.env["PATH"] ?? ""}:/usr/sbin:/sbin`;

/** A folder for the files of a server, in memory where there is such a folder. Remove it when the server has ended. */
export function folderForServer(name: string): string {
  return mkdtempSync(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), `tokbind-${name}-`));
}

/** PEM files of a CA and of certificates that it issued for 127.0.0.1, localhost and this machine's name. */
export interface CertificateFiles {
  readonly folder: string;
  readonly ca: string;
  readonly server: { readonly cert: string; readonly key: string };
  /** Of another key, for the same names: whoever holds it can end TLS in between. */
  readonly relay: { readonly cert: string; readonly key: string };
  remove(): void;
}

/** @param addresses beside 127.0.0.1 */
export function makeCertificateFiles(addresses: readonly string[] = []): CertificateFiles {
  const folder = folderForServer("certificates");
  const file = (name: string) => join(folder, name);
  const openssl = (...args: string[]) => execFileSync("openssl", args, { stdio: "ignore" });
  const key = (name: string) => [
    "-newkey",
    "ec",
    "-pkeyopt",
    "ec_paramgen_curve:P-256",
    "-noenc",
    "-keyout",
    file(`${name}.key`),
  ];
  openssl(
    "req",
    "-x509",
    ...key("ca"),
    "-out",
    file("ca.pem"),
    "-days",
    "30",
    "-subj",
    "/CN=Test CA",
    "-sha256",
  );
  const names = [
    "DNS:localhost",
    `DNS:${hostName()}`,
    "DNS:dc1.ad.example.com",
    ...["127.0.0.1", ...addresses].map((address) => `IP:${address}`),
  ];
  writeFileSync(file("names"), `subjectAltName=${names.join(",")}\n`);
  const issue = (name: string, hash: string) => {
    openssl("req", ...key(name), "-out", file("request"), "-subj", "/CN=localhost");
    const ca = ["-CA", file("ca.pem"), "-CAkey", file("ca.key"), "-CAcreateserial", "-days", "30", hash];
    openssl(
      "x509",
      "-req",
      "-in",
      file("request"),
      ...ca,
      "-extfile",
      file("names"),
      "-out",
      file(`${name}.pem`),
    );
    chmodSync(file(`${name}.key`), 0o600);
    return { cert: file(`${name}.pem`), key: file(`${name}.key`) };
  };
  return {
    folder,
    ca: readFileSync(file("ca.pem"), "utf8"),
    server: issue("server", "-sha256"),
    relay: issue("relay", "-sha384"),
    remove: () => {
      rmSync(folder, { recursive: true });
    },
  };
}

/** This machine's name, which is also that of its services in Kerberos. */
export function hostName(): string {
  return execFileSync("hostname", { encoding: "utf8" }).trim();
}
