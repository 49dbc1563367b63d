import type { Socket } from "node:net";
import { Server, type TLSSocket } from "node:tls";
import { TokenBindingError } from "@tokbind/codec";
import { type ClientCertificate, connectionOf, type NodeRequest, socketOf } from "@tokbind/codec/node";
import { checkOptions, described } from "@tokbind/codec/options";
import {
  Authorities,
  type AuthoritiesOptions,
  authoritiesRules,
  type ContextOptions,
  reloaded,
} from "./authorities.ts";
import { clientOf } from "./certificate/client-of.ts";
import { type CertificateFields, readCertificate } from "./certificate/read-certificate.ts";
import { type CertificateVerifier, type ClientPolicy, withPolicy } from "./policy.ts";
import { chainRefusal, checkStanding } from "./standing.ts";

/** Options of {@link ClientCertificateVerifier}. */
export type ClientCertificateVerifierOptions = AuthoritiesOptions;

/** What a server that asks for client certificates is made with, in the words of node:tls. */
export interface MutualTlsOptions {
  readonly ca: string[];
  readonly crl: string[];
  readonly requestCert: true;
  /** So that requests are refused, with a reason, and not connections, without. */
  readonly rejectUnauthorized: false;
  /** So that no session is resumed whose client was verified against other CAs. */
  readonly sessionIdContext: string;
}

/** Of a connection whose client has a certificate with a chain that holds. */
interface Connection {
  readonly client: ClientCertificate;
  readonly fields: CertificateFields;
  /** Those that were in force when the first request came. */
  readonly first: Authorities;
  /** Those by which it was accepted last, and how long that stays so. */
  accepted: Authorities | undefined;
  from: number;
  until: number;
}

/** A socket, perhaps of TLS. */
type MaybeTls = Socket &
  Partial<Pick<TLSSocket, "getPeerX509Certificate" | "authorized" | "authorizationError">>;

/**
 * Verifies the client certificate of every request, over the TLS connection that ends here: there is one, OpenSSL accepted
 * its chain, none of it has expired, it is for clients, and no CA of the chain has revoked what it issued, by the CRLs of
 * this moment. So a revocation holds for resumed sessions and open connections as well, which Node accepts.
 *
 * @example
 * const verifier = new ClientCertificateVerifier({ ca: [root, issuing], crl: [issuingCrl, rootCrl] });
 * const server = https.createServer({ key, cert, ...verifier.tlsOptions }, (request, response) => {
 *   const { kind, names } = verifier.verify(request);
 *   response.end(`hello ${kind} ${names.email[0]}`);
 * });
 */
export class ClientCertificateVerifier {
  #authorities: Authorities;
  readonly #connections = new WeakMap<object, Connection>();

  /** Undefined: the certificate is no field of the request. */
  readonly vary = undefined;

  /**
   * @throws TokenBindingError `invalid_argument` for unknown options, what is no certificate or CRL, and a CRL that its CA
   *   has not signed
   */
  constructor(options: ClientCertificateVerifierOptions) {
    checkOptions("ClientCertificateVerifier", options, authoritiesRules);
    this.#authorities = new Authorities("ClientCertificateVerifier", options);
  }

  /** Options for the server: a certificate is asked for, and whoever has none, or a bad one, may connect. */
  get tlsOptions(): MutualTlsOptions {
    const { contextOptions, digest } = this.#authorities;
    return { ...contextOptions, requestCert: true, rejectUnauthorized: false, sessionIdContext: digest };
  }

  /**
   * Replaces the CAs, the CRLs or both. It holds from the next request on, of open connections as well; what is not given
   * stays.
   *
   * @returns what the TLS context of the server has to be renewed with, by `renewCertificate` of \@tokbind/server so that
   *   Token Binding is kept; undefined when it can stay, as it can when only the CRLs change of CAs that are all in `ca`
   * @throws TokenBindingError `invalid_argument`, as the constructor; then everything stays as it was
   * @example
   * const changed = verifier.reload({ crl: readFileSync("crl.pem") });
   * if (changed) renewCertificate(server, changed);
   */
  // A property, so that it works detached, as the methods below do.
  readonly reload = (options: Partial<ClientCertificateVerifierOptions>): ContextOptions | undefined => {
    const next = reloaded("ClientCertificateVerifier.reload", this.#authorities, options);
    const isSame = next.digest === this.#authorities.digest;
    this.#authorities = next;
    return isSame ? undefined : { ...next.contextOptions };
  };

  /**
   * Verifies the client certificate of one request.
   *
   * @throws TokenBindingError with status 401: `certificate_missing`, `certificate_untrusted`, `certificate_purpose`,
   *   `certificate_expired` or `certificate_revoked`; 400: `certificate_malformed` or `connection_unknown`; 503:
   *   `crl_missing` or `crl_expired`; `invalid_argument` when the server was not made with {@link tlsOptions}
   */
  readonly verify = (request: NodeRequest): ClientCertificate => {
    const key = connectionOf(request);
    let connection = key && this.#connections.get(key);
    if (connection === undefined) {
      connection = this.#meet(key && socketOf(key));
      this.#connections.set(key!, connection);
    }
    const now = Date.now();
    if (connection.accepted !== this.#authorities || now < connection.from || now >= connection.until) {
      this.#check(connection, now);
    }
    return connection.client;
  };

  /**
   * A verifier that also asks a policy, for a route: who may not is refused with 403 `certificate_subject_mismatch`.
   *
   * @param policy - returns true or false, at once
   * @throws TokenBindingError `invalid_argument`
   * @example
   * const staff = verifier.allow(({ kind }) => kind === "user");
   * app.use("/staff", clientCertificate(staff));
   */
  readonly allow = <Request extends NodeRequest>(
    policy: ClientPolicy<Request>,
  ): CertificateVerifier<Request> => withPolicy(this, policy);

  /** The first request of a connection. */
  #meet(socket: MaybeTls | undefined): Connection {
    if (socket === undefined || socket.destroyed) {
      throw new TokenBindingError("connection_unknown", "got a request without a living connection");
    }
    const certificate = socket.getPeerX509Certificate?.();
    if (certificate === undefined) throw missing(socket);
    if (socket.authorized !== true) throw this.#untrusted(socket, certificate);
    const fields = readCertificate(certificate);
    const client = clientOf(certificate, fields);
    return { client, fields, first: this.#authorities, accepted: undefined, from: 0, until: 0 };
  }

  #check(connection: Connection, now: number): void {
    const authorities = this.#authorities;
    const { client, fields, first } = connection;
    const chain = authorities.chainOf(client.certificate, fields);
    const isOlder = first !== authorities;
    if (isOlder && !chain.isKnown && (authorities.hasRevokedAuthorities || !authorities.hasCasOf(first))) {
      throw new TokenBindingError(
        "certificate_untrusted",
        "expected a connection from after the CAs changed, got one whose issuing CA is not in `ca`, so it can't be verified anew",
      );
    }
    const { from, until } = checkStanding(fields, chain, authorities, now);
    Object.assign(connection, { accepted: authorities, from, until });
  }

  #untrusted(socket: MaybeTls, certificate: ClientCertificate["certificate"]): TokenBindingError {
    const refusal = chainRefusal(socket.authorizationError);
    if (refusal.code !== "crl_missing") return refusal;
    // OpenSSL says so of every stranger as well.
    const { links } = this.#authorities.chainOf(certificate, readCertificate(certificate));
    if (links.some(({ list }) => list !== undefined)) return refusal;
    return new TokenBindingError(
      "certificate_untrusted",
      "expected a certificate of a CA that is trusted here, with a CRL, got one of another",
    );
  }
}

function missing(socket: MaybeTls): TokenBindingError {
  const { server } = socket as { server?: Server & { requestCert?: boolean } };
  if (server instanceof Server && server.requestCert !== true) {
    return new TokenBindingError(
      "invalid_argument",
      `ClientCertificateVerifier: expected a server made with verifier.tlsOptions, got one with requestCert ${described(server.requestCert)}`,
    );
  }
  return new TokenBindingError(
    "certificate_missing",
    "expected a client certificate on this connection, got none",
  );
}
