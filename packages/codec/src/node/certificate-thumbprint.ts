import { createHash, type X509Certificate } from "node:crypto";

/**
 * The thumbprint `x5t#S256` of a certificate (RFC 8705 section 3.1): base64url of the SHA-256 of its DER, 43 characters.
 *
 * @example
 * certificateThumbprint(new X509Certificate(pem)); // "A4DtL2JmUMhAsvJj5tKyn64SqzmuXbMrJa0n761y5v0"
 */
export function certificateThumbprint(certificate: Pick<X509Certificate, "raw">): string {
  return createHash("sha256").update(certificate.raw).digest("base64url");
}
