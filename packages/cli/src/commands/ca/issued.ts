import type { CertificateOrder, IssuedCertificate } from "@tokbind/ca";

/** What is ordered, out of all options of a command. */
export function orderOf(options: CertificateOrder): CertificateOrder {
  const { profile, name, dns, ip, email, uri, upn, days } = options;
  return { profile, name, dns, ip, email, uri, upn, days };
}

/** What is said of a new certificate in JSON. */
export function describeIssued({ serialNumber, notBefore, notAfter }: IssuedCertificate) {
  return { serialNumber, notBefore, notAfter };
}
