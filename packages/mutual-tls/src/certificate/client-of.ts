import type { X509Certificate } from "node:crypto";
import { certificateThumbprint, type ClientCertificate, type ClientKind } from "@tokbind/codec/node";
import { type CertificateFields, purposes } from "./read-certificate.ts";

/** What a certificate says of its owner. */
export function clientOf(certificate: X509Certificate, fields: CertificateFields): ClientCertificate {
  return Object.freeze({
    certificate,
    "x5t#S256": certificateThumbprint(certificate),
    kind: clientKind(fields),
    names: fields.names,
  });
}

/** Whom a certificate is for, by its subjectAltName and its purposes; undefined when it names nobody. */
function clientKind({ names, purposes: allowed }: CertificateFields): ClientKind | undefined {
  if (names.email.length + names.upn.length > 0) return "user";
  if (names.uri.length > 0) return allowed?.has(purposes.serverAuth) ? "service" : "device";
  return names.dns.length + names.ip.length > 0 ? "server" : undefined;
}
