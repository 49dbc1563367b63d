import type { X509Certificate } from "node:crypto";
import { TokenBindingError } from "@tokbind/codec";
import {
  type ClientCertificate,
  type NodeRequest,
  proxyFields,
  ProxyTrust,
  type TrustedProxies,
} from "@tokbind/codec/node";
import { checkOptions } from "@tokbind/codec/options";
import { Authorities, type AuthoritiesOptions, authoritiesRules, reloaded } from "./authorities.ts";
import { readCertificate } from "./certificate/read-certificate.ts";
import { clientOf } from "./certificate/client-of.ts";
import {
  clientCert,
  clientCertChain,
  decodeClientCert,
  decodeClientCertChain,
  decodeEscapedClientCert,
} from "./client-cert/fields.ts";
import { type CertificateVerifier, type ClientPolicy, withPolicy } from "./policy.ts";
import { checkStanding } from "./standing.ts";

/** Options of {@link ProxiedClientCertificateVerifier}. `ca` has to hold the CAs that issue the clients' certificates. */
export interface ProxiedClientCertificateVerifierOptions extends AuthoritiesOptions {
  readonly trustedProxies: TrustedProxies;
  /**
   * Read the certificate from this field instead of Client-Cert: URL-encoded PEM, as nginx sends it by
   * `proxy_set_header X-SSL-Cert $ssl_client_escaped_cert`.
   */
  readonly escapedPemField?: string | undefined;
}

/** Finds the certificate in a request of a trusted proxy. */
type Find = (request: NodeRequest, isTrusted: () => boolean) => X509Certificate | undefined;

/**
 * Verifies the client certificate of requests whose TLS connection ends at a proxy, from the field Client-Cert that the
 * proxy adds (RFC 9440). It counts from trusted proxies only; from anybody else it is refused, in every spelling. The
 * proxy has verified the chain and that the client has the key; here the certificate has to be signed by one of the CAs,
 * not expired, for clients, and not revoked.
 *
 * @example
 * const verifier = new ProxiedClientCertificateVerifier({ ca, crl, trustedProxies: { unixSocket: true } });
 * http.createServer((request, response) => {
 *   response.setHeader("Vary", verifier.vary);
 *   response.end(verifier.verify(request).names.email[0]);
 * }).listen("/run/backend.sock");
 */
export class ProxiedClientCertificateVerifier {
  #authorities: Authorities;
  readonly #trust: ProxyTrust;
  readonly #find: Find;

  /** The field that answers depend on: add it to `Vary`, or let them not be cached (RFC 9440 section 2.4). */
  readonly vary: string;

  /** @throws TokenBindingError `invalid_argument` as ClientCertificateVerifier, and for CRLs of CAs that `ca` lacks */
  constructor(options: ProxiedClientCertificateVerifierOptions) {
    checkOptions("ProxiedClientCertificateVerifier", options, {
      ...authoritiesRules,
      trustedProxies: {
        expected: "whom to trust",
        test: (value) => typeof value === "object",
        required: true,
      },
      escapedPemField: {
        expected: "the name of a header field",
        test: (value) => typeof value === "string" && /^[A-Za-z][\w-]*$/.test(value),
      },
    });
    const { ca, crl, trustedProxies, escapedPemField } = options;
    this.#authorities = whole(new Authorities("ProxiedClientCertificateVerifier", { ca, crl }));
    this.#trust = new ProxyTrust("ProxiedClientCertificateVerifier", trustedProxies);
    this.#find = escapedPemField === undefined ? findClientCert : findEscaped(escapedPemField);
    this.vary = escapedPemField ?? clientCert;
  }

  /**
   * Replaces the CAs, the CRLs or both, from the next request on; what is not given stays.
   *
   * @throws TokenBindingError `invalid_argument`, as the constructor; then everything stays as it was
   */
  // A property, so that it works detached, as the methods below do.
  readonly reload = (options: Partial<AuthoritiesOptions>): void => {
    this.#authorities = whole(
      reloaded("ProxiedClientCertificateVerifier.reload", this.#authorities, options),
    );
  };

  /**
   * Verifies the client certificate of one request.
   *
   * @throws TokenBindingError as ClientCertificateVerifier, and with status 400 `proxy_untrusted`, `header_malformed` or
   *   `header_repeated`
   */
  readonly verify = (request: NodeRequest): ClientCertificate => {
    const certificate = this.#find(request, () => this.#trust.trusts(request));
    if (certificate === undefined) {
      throw new TokenBindingError("certificate_missing", `expected a ${this.vary} field, got none`);
    }
    const fields = readCertificate(certificate);
    const authorities = this.#authorities;
    if (!authorities.haveSigned(certificate, fields)) {
      throw new TokenBindingError(
        "certificate_untrusted",
        `${this.vary}: expected a certificate that one of the CAs in \`ca\` has signed, got another`,
      );
    }
    checkStanding(fields, authorities.chainOf(certificate, fields), authorities, Date.now());
    return clientOf(certificate, fields);
  };

  /** A verifier that also asks a policy, for a route: as that of ClientCertificateVerifier. */
  readonly allow = <Request extends NodeRequest>(
    policy: ClientPolicy<Request>,
  ): CertificateVerifier<Request> => withPolicy(this, policy);
}

/** OpenSSL verifies no CRLs here. */
function whole(authorities: Authorities): Authorities {
  if (!authorities.hasUnverifiedLists) return authorities;
  throw new TokenBindingError(
    "invalid_argument",
    "ProxiedClientCertificateVerifier: expected the certificates of all CAs whose CRLs are given in `ca`, got a CRL without",
  );
}

const certName = "client-cert";
const chainName = "client-cert-chain";

const findClientCert: Find = (request, isTrusted) => {
  const fields = proxyFields(request, [certName, chainName], isTrusted);
  if (fields === undefined) return undefined;
  const certificate = decodeClientCert(fields[certName]);
  const chain = decodeClientCertChain(fields[chainName]);
  // RFC 9440 section 2.3
  if (chain.length > 0 && certificate === undefined) {
    throw new TokenBindingError("header_malformed", `expected ${clientCertChain} with ${clientCert} only`);
  }
  if (chain.some(({ raw }) => raw.equals(certificate!.raw))) {
    throw new TokenBindingError(
      "header_malformed",
      `${clientCertChain}: expected the certificates above the client's, got the client's own`,
    );
  }
  return certificate;
};

function findEscaped(field: string): Find {
  const name = field.toLowerCase().replaceAll("_", "-");
  return (request, isTrusted) => {
    const fields = proxyFields(request, [name], isTrusted);
    return fields && decodeEscapedClientCert(field, fields[name]!);
  };
}
