import { createHash, X509Certificate } from "node:crypto";
import { TokenBindingError } from "@tokbind/codec";
import { checkOptions, described, type OptionRule } from "@tokbind/codec/options";
import { certificateSignature } from "./signature-hash.ts";

/** How to take certificates for which RFC 5929 leaves tls-server-end-point undefined. */
export interface EndPointOptions {
  /**
   * `"SHA-512"` hashes certificates that are signed with Ed25519 this way, as GnuTLS servers do. By default they are
   * refused: RFC 5929 section 4.1 defines no hash for them.
   */
  readonly ed25519?: "SHA-512" | undefined;
}

/** For whoever takes {@link EndPointOptions} among options of its own. */
export const endPointRules: Readonly<Record<keyof EndPointOptions, OptionRule>> = {
  ed25519: { expected: '"SHA-512"', test: (value) => value === "SHA-512" },
};

/**
 * The tls-server-end-point data (RFC 5929 section 4) of every certificate that a server may have served, to compare a
 * client's with: a server with several certificates, or one whose certificate was renewed, cannot tell which of them the
 * client of a resumed connection has seen.
 *
 * The hash is that of the signature on the certificate, which its issuer made, with SHA-256 in place of MD5 and SHA-1.
 * It is taken over the first certificate of each chain.
 *
 * @param certificates PEM (text or bytes), DER, or an X509Certificate
 * @returns one value of 28 to 64 bytes for each, in order
 * @throws TokenBindingError `undefined_for_certificate` for a signature without one single hash, Ed25519 for example;
 * `invalid_argument` for what is no certificate
 * @example
 * ```ts
 * const acceptable = serverEndPoints([readFileSync("rsa.pem"), readFileSync("ecdsa.pem")]);
 * ```
 */
export function serverEndPoints(
  certificates: readonly (string | Uint8Array | X509Certificate)[],
  options: EndPointOptions = {},
): Buffer[] {
  checkOptions("serverEndPoints", options, endPointRules);
  if (!((certificates as unknown) instanceof Array)) {
    throw new TokenBindingError(
      "invalid_argument",
      `serverEndPoints: expected an array of certificates, got ${described(certificates)}`,
    );
  }
  return certificates.map((certificate) => endPoint(derOf(certificate), options));
}

/** The tls-server-end-point of a certificate in DER, hashed byte for byte as it was received. */
export function endPoint(certificate: Uint8Array, { ed25519 }: EndPointOptions): Buffer {
  const { hash, isEd25519, algorithm } = certificateSignature(certificate);
  const name = isEd25519 && ed25519 === "SHA-512" ? "sha512" : hash;
  if (name === undefined) {
    throw new TokenBindingError(
      "undefined_for_certificate",
      `expected a certificate whose signature has one hash, got the signature algorithm ${algorithm ?? "none"}` +
        `${isEd25519 ? " (Ed25519)" : ""}: tls-server-end-point is undefined for it (RFC 5929 section 4.1)`,
    );
  }
  // RFC 5929 section 4.1: "if the certificate's signatureAlgorithm uses […] MD5 or SHA-1, then use SHA-256".
  return createHash(name === "md5" || name === "sha1" ? "sha256" : name)
    .update(certificate)
    .digest();
}

function derOf(certificate: string | Uint8Array | X509Certificate): Uint8Array {
  if (certificate instanceof X509Certificate) return certificate.raw;
  try {
    return new X509Certificate(certificate).raw;
  } catch {
    throw new TokenBindingError(
      "invalid_argument",
      `serverEndPoints: expected a certificate in PEM or DER, got ${typeof certificate === "string" ? "another string" : described(certificate)}`,
    );
  }
}
