import { join } from "node:path";
import type { CertificateAuthority } from "@tokbind/ca";
import { file } from "./authority.ts";
import { openssl, run, type Said } from "./programs.ts";

/** What `openssl verify` says of a certificate, by the strictest rules, with the CRLs of both CAs. */
export function verified(
  { ca, directory, folder }: { ca: CertificateAuthority; directory: string; folder: string },
  certificate: string,
  ...args: readonly string[]
): Said {
  return openssl([
    "verify",
    "-x509_strict",
    "-crl_check_all",
    "-CAfile",
    join(directory, "root.cert.pem"),
    "-untrusted",
    file(folder, "issuing.pem", ca.issuingCertificate),
    "-CRLfile",
    join(directory, "crl.pem"),
    "-CRLfile",
    join(directory, "root.crl.pem"),
    ...args,
    file(folder, "verified.pem", certificate),
  ]);
}

/** The same of GnuTLS. */
export function verifiedByGnutls(
  { ca, directory, folder }: { ca: CertificateAuthority; directory: string; folder: string },
  certificate: string,
): Said {
  return run("certtool", [
    "--verify",
    "--verify-profile",
    "medium",
    "--load-ca-certificate",
    join(directory, "root.cert.pem"),
    "--load-crl",
    join(directory, "crl.pem"),
    "--infile",
    file(folder, "chain.pem", certificate + ca.issuingCertificate),
  ]);
}

/** The text of an extension, as OpenSSL shows it. */
export function extension(certificate: string, name: string): string {
  return openssl(["x509", "-noout", "-ext", name], certificate).text.trim();
}
