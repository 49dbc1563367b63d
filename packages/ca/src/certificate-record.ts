import { createHash, type X509Certificate } from "node:crypto";
import { TokenBindingError } from "@tokbind/codec";
import { described } from "@tokbind/codec/options";
import { serialNumberOf } from "./certificate.ts";
import { invalid } from "./errors.ts";
import type { IndexFile, IssuedLine, RevokedLine } from "./index-file.ts";
import type { CertificateNames } from "./names.ts";
import type { RevokeOptions } from "./options.ts";
import { parseCertificate } from "./parse-certificate.ts";
import type { CertificateProfile } from "./profiles.ts";
import type { RevocationReason } from "./revocation-reason.ts";

/** What the index says of a certificate. */
export interface CertificateRecord {
  readonly serialNumber: string;
  readonly profile: CertificateProfile;
  readonly names: CertificateNames;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly status: "good" | "expired" | "revoked";
  readonly revocation?: { readonly at: Date; readonly reason: RevocationReason } | undefined;
  /** Serial number of the certificate that this one renewed. */
  readonly renews?: string | undefined;
}

/** The certificate that is meant. */
export function find(index: IndexFile, { serialNumber, certificate }: RevokeOptions): IssuedLine {
  if ((serialNumber === undefined) === (certificate === undefined)) {
    throw invalid("revoke: expected either serialNumber or certificate");
  }
  if (certificate !== undefined) return findCertificate(index, parseCertificate(certificate));
  const hex = serialNumber!.replaceAll(/[\s:]/g, "").toLowerCase();
  const found = index.issued.get(hex);
  if (found === undefined) throw unknown(hex);
  return found;
}

/** By all of its bytes: anybody can make one with the same serial number. */
function findCertificate(index: IndexFile, certificate: X509Certificate): IssuedLine {
  const serialNumber = serialNumberOf(certificate);
  const found = index.issued.get(serialNumber);
  if (found?.sha256 !== fingerprintOf(certificate.raw)) throw unknown(serialNumber);
  return found;
}

function unknown(serialNumber: string): TokenBindingError {
  return new TokenBindingError(
    "certificate_untrusted",
    `expected a certificate that this CA has issued, got the serial number ${described(serialNumber)}`,
  );
}

/** @throws TokenBindingError `certificate_untrusted`, `certificate_revoked`, `certificate_expired` */
export function renewable(index: IndexFile, current: X509Certificate): IssuedLine {
  const found = findCertificate(index, current);
  const { status } = recordOf(found, index.revoked.get(found.serialNumber));
  if (status === "good") return found;
  throw new TokenBindingError(
    status === "revoked" ? "certificate_revoked" : "certificate_expired",
    `renewal: expected a certificate that still counts, got one that is ${status}; issue a new one instead`,
  );
}

export function recordOf(issued: IssuedLine, revoked: RevokedLine | undefined): CertificateRecord {
  const { serialNumber, profile, names, renews } = issued;
  const notBefore = new Date(issued.notBefore);
  const notAfter = new Date(issued.notAfter);
  const status = revoked !== undefined ? "revoked" : notAfter.getTime() < Date.now() ? "expired" : "good";
  return {
    serialNumber,
    profile,
    names,
    notBefore,
    notAfter,
    status,
    ...(revoked === undefined ? {} : { revocation: { at: new Date(revoked.at), reason: revoked.reason } }),
    ...(renews === undefined ? {} : { renews }),
  };
}

/** SHA-256 of a certificate, hex. */
export function fingerprintOf(der: Uint8Array): string {
  return createHash("sha256").update(der).digest("hex");
}
