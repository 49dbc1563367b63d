import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Whether certificates of every kind can be made. */
export const hasOpenssl = spawnSync("openssl", ["version"]).status === 0;
if (!hasOpenssl)
  process.stderr.write("skipped: tests of certificates of all kinds need openssl (Debian: openssl)\n");

/** PEM */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

const rsa = ["rsa:2048"];
const ec = ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"];
const pss = (hash: string) => [
  "-sigopt",
  "rsa_padding_mode:pss",
  "-sigopt",
  "rsa_pss_saltlen:-1",
  `-${hash}`,
];

/** Kinds of signatures on a certificate: the key that makes them, how, and the hash of tls-server-end-point. */
export const signatures = {
  "RSA MD5": [rsa, ["-md5"], "sha256"],
  "RSA SHA-1": [rsa, ["-sha1"], "sha256"],
  "RSA SHA-224": [rsa, ["-sha224"], "sha224"],
  "RSA SHA-256": [rsa, ["-sha256"], "sha256"],
  "RSA SHA-384": [rsa, ["-sha384"], "sha384"],
  "RSA SHA-512": [rsa, ["-sha512"], "sha512"],
  "RSA SHA3-256": [rsa, ["-sha3-256"], "sha3-256"],
  "PSS by default": [rsa, pss("sha1"), "sha256"],
  "PSS SHA-256": [rsa, pss("sha256"), "sha256"],
  "PSS SHA-384": [rsa, pss("sha384"), "sha384"],
  "ECDSA SHA-1": [ec, ["-sha1"], "sha256"],
  "ECDSA SHA-256": [ec, ["-sha256"], "sha256"],
  "ECDSA SHA-384": [ec, ["-sha384"], "sha384"],
  "ECDSA SHA-512": [ec, ["-sha512"], "sha512"],
} as const;

const made = new Map<string, Certificate>();

/** A self-signed certificate for localhost, made once in a process. */
export function certificateSigned(kind: keyof typeof signatures | "Ed25519" | "Ed448"): Certificate {
  const known = made.get(kind);
  if (known !== undefined) return known;
  const [key, options] =
    kind === "Ed25519" || kind === "Ed448" ? [[kind.toLowerCase()], []] : signatures[kind];
  const folder = mkdtempSync(join(tmpdir(), "tokbind-openssl-"));
  try {
    const [keyFile, certFile] = [join(folder, "key.pem"), join(folder, "cert.pem")];
    const subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"];
    const files = ["-keyout", keyFile, "-out", certFile];
    execFileSync(
      "openssl",
      ["req", "-x509", "-newkey", ...key, "-noenc", "-days", "30", ...subject, ...files, ...options],
      { stdio: "ignore" },
    );
    const certificate = { cert: readFileSync(certFile, "utf8"), key: readFileSync(keyFile, "utf8") };
    made.set(kind, certificate);
    return certificate;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** A certificate of an RSA key that an issuer signs with ECDSA and SHA-384. */
export function certificateIssued(): Certificate {
  const folder = mkdtempSync(join(tmpdir(), "tokbind-openssl-"));
  try {
    const file = (name: string) => join(folder, name);
    const openssl = (...args: string[]) => execFileSync("openssl", args, { stdio: "ignore" });
    const issuer = [
      "ec",
      "-pkeyopt",
      "ec_paramgen_curve:P-384",
      "-keyout",
      file("ca.key"),
      "-out",
      file("ca.pem"),
    ];
    openssl("req", "-x509", "-noenc", "-subj", "/CN=issuer", "-newkey", ...issuer);
    const request = ["rsa:2048", "-keyout", file("key.pem"), "-out", file("request.pem")];
    openssl("req", "-noenc", "-subj", "/CN=localhost", "-newkey", ...request);
    const ca = ["-CA", file("ca.pem"), "-CAkey", file("ca.key"), "-sha384", "-days", "30"];
    openssl("x509", "-req", "-in", file("request.pem"), "-out", file("cert.pem"), ...ca);
    return { cert: readFileSync(file("cert.pem"), "utf8"), key: readFileSync(file("key.pem"), "utf8") };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
