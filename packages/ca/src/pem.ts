/** The kinds of PEM text that a certificate authority writes, RFC 7468. `CRL` alone is not read by OpenSSL. */
export type PemLabel =
  "CERTIFICATE" | "X509 CRL" | "CERTIFICATE REQUEST" | "PRIVATE KEY" | "ENCRYPTED PRIVATE KEY";

/** Wraps DER in PEM: lines of 64 characters, with a line feed after each, so that files can be joined. */
export function encodePem(label: PemLabel, der: Uint8Array): string {
  const base64 = Buffer.from(der.buffer, der.byteOffset, der.length).toString("base64");
  return `-----BEGIN ${label}-----\n${base64.replaceAll(/.{1,64}/g, "$&\n")}-----END ${label}-----\n`;
}
