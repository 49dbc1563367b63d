import type { ClientKind } from "@tokbind/codec/node";
import { type CertificateFields, purposes } from "./read-certificate.ts";

/** Whom a certificate is for, by its subjectAltName and its purposes; undefined when it names nobody. */
export function clientKind({ names, purposes: allowed }: CertificateFields): ClientKind | undefined {
  if (names.email.length + names.upn.length > 0) return "user";
  if (names.uri.length > 0) return allowed?.has(purposes.serverAuth) ? "service" : "device";
  return names.dns.length + names.ip.length > 0 ? "server" : undefined;
}
