import type { X509Certificate } from "node:crypto";

/** Names of a certificate's subjectAltName, each as data (RFC 5280 section 4.2.1.6); nothing is ever read from a CN. */
export interface SubjectAltNames {
  /** rfc822Name. */
  readonly email: readonly string[];
  /** otherName of type 1.3.6.1.4.1.311.20.2.3, the User Principal Name of Windows. */
  readonly upn: readonly string[];
  /** uniformResourceIdentifier. */
  readonly uri: readonly string[];
  /** dNSName, in lower case. */
  readonly dns: readonly string[];
  /** iPAddress, an IPv6 address as RFC 5952 writes it. */
  readonly ip: readonly string[];
}

/**
 * Whom a certificate is for: a person, who has a mail address or a UPN; a device, which has a URI and may be a client
 * only; a service, which has a URI and may be a server as well; a server, which has DNS names or addresses.
 */
export type ClientKind = "user" | "device" | "service" | "server";

/** What a request has proven by its client certificate. Frozen. */
export interface ClientCertificate {
  readonly certificate: X509Certificate;
  /** The thumbprint, 43 characters: see RFC 8705 section 3.1. */
  readonly "x5t#S256": string;
  /** Undefined for a certificate that names nobody. */
  readonly kind: ClientKind | undefined;
  readonly names: SubjectAltNames;
}
