import { X509Certificate } from "node:crypto";
import { TokenBindingError } from "@tokbind/codec";

/** Names of the header fields of RFC 9440 section 2. */
export const clientCert = "Client-Cert";
export const clientCertChain = "Client-Cert-Chain";

/**
 * The value of a Client-Cert field: the DER as a Byte Sequence, colon, base64, colon (RFC 9440 section 2.2). For proxies
 * that end mutual TLS, which have to remove every such field of the client first (section 2.4).
 *
 * @example
 * headers["Client-Cert"] = encodeClientCert(socket.getPeerX509Certificate());
 */
export function encodeClientCert({ raw }: Pick<X509Certificate, "raw">): string {
  return `:${raw.toString("base64")}:`;
}

/**
 * The value of a Client-Cert-Chain field: a List of Byte Sequences, in the order of TLS, without the client's own
 * certificate (RFC 9440 section 2.3).
 */
export function encodeClientCertChain(chain: readonly Pick<X509Certificate, "raw">[]): string {
  return chain.map(encodeClientCert).join(", ");
}

/**
 * Decodes a Client-Cert field (RFC 9440 section 2.2).
 *
 * @param lines - the value of every field line of that name in the request
 * @returns undefined when there is no line
 * @throws TokenBindingError `header_repeated` for more than one, `header_malformed` for anything but one certificate in
 *   this format, such as PEM or bare base64
 */
export function decodeClientCert(lines: readonly string[]): X509Certificate | undefined {
  const line = single(clientCert, lines);
  if (line === undefined) return undefined;
  if (line.includes(",")) throw repeated(clientCert, "a list");
  return byteSequence(clientCert, line);
}

/**
 * Decodes a Client-Cert-Chain field (RFC 9440 section 2.3), which may be spread over several lines.
 *
 * @param lines - the value of every field line of that name in the request
 * @throws TokenBindingError `header_malformed`
 */
export function decodeClientCertChain(lines: readonly string[]): X509Certificate[] {
  if (lines.length === 0) return [];
  return lines
    .join(",")
    .split(",")
    .map((member) => byteSequence(clientCertChain, member));
}

/**
 * Decodes the URL-encoded PEM of nginx's `$ssl_client_escaped_cert`, which is not RFC 9440.
 *
 * @param field - its name, for the error message
 * @param lines - the value of every field line of that name in the request
 * @returns undefined when there is no line, or an empty one, as of a client without a certificate
 * @throws TokenBindingError `header_repeated` or `header_malformed`
 */
export function decodeEscapedClientCert(
  field: string,
  lines: readonly string[],
): X509Certificate | undefined {
  const line = single(field, lines);
  if (line === undefined || line === "") return undefined;
  let pem: string;
  try {
    pem = decodeURIComponent(line);
  } catch {
    throw malformed(field, "URL-encoded PEM");
  }
  const match = /^-----BEGIN CERTIFICATE-----\n([A-Za-z0-9+/=\n]+)\n-----END CERTIFICATE-----\n?$/.exec(pem);
  if (match === null) throw malformed(field, "URL-encoded PEM");
  return certificateOf(field, Buffer.from(match[1]!, "base64"));
}

function single(field: string, lines: readonly string[]): string | undefined {
  if (lines.length > 1) throw repeated(field, `${lines.length} lines`);
  return lines[0];
}

/** RFC 8941 section 3.3.5; padding may be missing (section 4.2.7). */
function byteSequence(field: string, text: string): X509Certificate {
  const match = /^[ \t]*:([A-Za-z0-9+/]+={0,2}):[ \t]*$/.exec(text);
  if (match === null) throw malformed(field, "a certificate as a Byte Sequence, :base64:");
  return certificateOf(field, Buffer.from(match[1]!, "base64"));
}

function certificateOf(field: string, der: Buffer): X509Certificate {
  let certificate: X509Certificate | undefined;
  try {
    certificate = new X509Certificate(der);
  } catch {
    // Reported below: OpenSSL's own words say little.
  }
  // It also takes PEM, and bytes after the end.
  if (certificate?.raw.equals(der)) return certificate;
  throw malformed(field, "the DER of one certificate");
}

function malformed(field: string, expected: string): TokenBindingError {
  return new TokenBindingError("header_malformed", `${field}: expected ${expected}, got something else`);
}

function repeated(field: string, got: string): TokenBindingError {
  return new TokenBindingError("header_repeated", `${field}: expected one certificate, got ${got}`);
}
