import { X509Certificate } from "node:crypto";
import { TokenBindingError } from "@tokbind/codec";

// More than any chain that is presented in TLS.
const maxLength = 256 * 1024;

/**
 * The first certificate of a PEM text.
 *
 * @throws TokenBindingError `certificate_malformed`
 */
export function parseCertificate(pem: string): X509Certificate {
  try {
    if (pem.length <= maxLength) return new X509Certificate(pem);
  } catch {
    // Said below.
  }
  throw new TokenBindingError("certificate_malformed", "expected a certificate in PEM, got something else");
}
