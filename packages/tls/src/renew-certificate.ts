import { TokenBindingError } from "@tokbind/codec";
import { checkOptions, described, type OptionRule } from "@tokbind/codec/options";
import { createPrivateKey, randomBytes, X509Certificate } from "node:crypto";
import tls from "node:tls";
import { optionsOfServers, type TokenBindingOptions, withTokenBinding } from "./with-token-binding.ts";

/** What {@link renewCertificate} replaces, in the forms that `tls.createSecureContext` takes. At least one. */
export interface RenewedCertificate {
  /** The private key. With the certificate, unless it stays the same. */
  readonly key?: tls.SecureContextOptions["key"];
  /** The certificate, followed by those of its issuers. */
  readonly cert?: tls.SecureContextOptions["cert"];
  /** In place of `key` and `cert`. */
  readonly pfx?: tls.SecureContextOptions["pfx"];
  /** Of the key or the PFX; an empty one for none. */
  readonly passphrase?: string | undefined;
  /** What client certificates are verified against. */
  readonly ca?: tls.SecureContextOptions["ca"];
  /** Which client certificates are revoked. */
  readonly crl?: tls.SecureContextOptions["crl"];
}

// In Node's words and for Node to check.
const anything: OptionRule = { expected: "what node:tls takes", test: (value) => value !== null };
const renewedRules: Record<keyof RenewedCertificate, OptionRule> = {
  key: anything,
  cert: anything,
  pfx: anything,
  passphrase: { expected: "a string", test: (value) => typeof value === "string" },
  ca: anything,
  crl: anything,
};

/**
 * Gives a running server another certificate, key, CA or CRL. New connections get it at once, and negotiate Token
 * Binding as before; those that are open go on. Whatever is not given stays as it is: `server.setSecureContext` by itself
 * would reset every option that it is not given again, and Token Binding with them.
 *
 * Clients resume their TLS sessions across the renewal. When the server asks for client certificates and `ca` or `crl`
 * is given, they do not: a resumed session is not verified again, so one of a certificate that is revoked now would go
 * on. Sessions that a `resumeSession` listener keeps are for the application to drop.
 *
 * It renews the certificate that the server was made with. For those of further names (SNI) call `server.addContext`
 * again; Token Binding does not depend on them.
 *
 * @param server - of https, http2 or tls, also while it listens
 * @param tokenBinding - what it negotiates; known of a server that `withTokenBinding` returned
 * @throws TokenBindingError `invalid_argument` for unknown or impossible options, a certificate without its key, and a
 *   server that `withTokenBinding` did not return when `tokenBinding` is not given; `unsupported_runtime`; and what
 *   `tls.createSecureContext` throws. The server keeps what it had then.
 * @example
 * renewCertificate(server, { key: readFileSync("key.pem"), cert: readFileSync("cert.pem") });
 */
export function renewCertificate(
  server: tls.Server,
  renewed: RenewedCertificate,
  tokenBinding?: TokenBindingOptions,
): void {
  if (!(server instanceof tls.Server)) throw invalid(`expected a TLS server, got ${described(server)}`);
  checkOptions("renewCertificate", renewed, renewedRules);
  const negotiates = tokenBinding ?? optionsOfServers.get(server);
  if (negotiates === undefined) {
    throw invalid(
      "expected a server that withTokenBinding returned, got another: say as third argument what it negotiates",
    );
  }
  const options = { ...contextOptions(server), ...replacements(renewed) };
  const verifiesAnew = asksForCertificates(server) && (renewed.ca ?? renewed.crl) !== undefined;
  options.ticketKeys = verifiesAnew ? randomBytes(48) : server.getTicketKeys();
  // setSecureContext forgets the old options before it fails.
  tls.createSecureContext(options);
  checkKeys(options);
  withTokenBinding(() => {
    server.setSecureContext(options);
    return server;
  }, negotiates);
}

/** Node keeps every option of a server's context as a property of that name, and so will it those that it adds. */
function contextOptions(server: tls.Server): tls.SecureContextOptions {
  return { ...(server as tls.SecureContextOptions) };
}

function asksForCertificates(server: tls.Server & { requestCert?: boolean }): boolean {
  return server.requestCert === true;
}

/** What is given, and undefined for what it takes the place of. */
function replacements(renewed: RenewedCertificate): tls.SecureContextOptions {
  const given = Object.entries(renewed).filter(([, value]) => value !== undefined);
  if (given.length === 0) throw invalid(`expected ${Object.keys(renewedRules).join(", ")}, got none of them`);
  const { pfx, key, cert } = renewed;
  const hasKeyOrCert = (key ?? cert) !== undefined;
  if (pfx !== undefined && hasKeyOrCert) throw invalid("expected key and cert or pfx, got both");
  return {
    ...(pfx !== undefined && { key: undefined, cert: undefined }),
    ...(hasKeyOrCert && { pfx: undefined }),
    ...(Object.fromEntries(given) as tls.SecureContextOptions),
  };
}

/** OpenSSL notices another key of the certificate's type, but takes one of another type for a second pair. */
function checkKeys({ key, cert, passphrase, privateKeyIdentifier }: tls.SecureContextOptions): void {
  if (cert === undefined || privateKeyIdentifier !== undefined) return;
  const keys = [key ?? []].flat().map((each) => {
    const one = typeof each === "object" && "pem" in each ? each : { pem: each, passphrase };
    return createPrivateKey({ key: one.pem, passphrase: one.passphrase ?? passphrase });
  });
  for (const each of [cert].flat()) {
    const certificate = new X509Certificate(each);
    if (!keys.some((one) => certificate.checkPrivateKey(one))) {
      throw invalid("expected the key of every certificate, got a certificate without its key");
    }
  }
}

function invalid(message: string): TokenBindingError {
  return new TokenBindingError("invalid_argument", `renewCertificate: ${message}`);
}
