import { parseCertificate } from "./parse-certificate.ts";

/**
 * When a certificate should be renewed: after two thirds of its life.
 *
 * @param certificate - PEM; what follows the first one is not read
 * @throws TokenBindingError `certificate_malformed`
 * @example
 * if (renewalTimeOf(certificate) <= new Date()) await renew();
 */
export function renewalTimeOf(certificate: string): Date {
  const { validFrom, validTo } = parseCertificate(certificate);
  const start = Date.parse(validFrom);
  return new Date(start + ((Date.parse(validTo) - start) * 2) / 3);
}
