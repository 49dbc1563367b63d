import { TokenBindingError } from "@tokbind/codec";
import { checkTlsOptions, type TlsOptions } from "./tls-options.ts";

/** What `renewCertificate` replaces: the client's own certificate, and whom it trusts. At least one. */
export type RenewedClientCertificate = Pick<TlsOptions, "ca" | "cert" | "crl" | "key" | "passphrase" | "pfx">;

const names = [
  "ca",
  "cert",
  "crl",
  "key",
  "passphrase",
  "pfx",
] as const satisfies (keyof RenewedClientCertificate)[];

/**
 * The options of later connections: those that are given in the place of the old ones.
 *
 * @throws TokenBindingError `invalid_argument`
 */
export function renewedTlsOptions(options: TlsOptions, renewed: RenewedClientCertificate): TlsOptions {
  return checkTlsOptions({ ...options, ...renewedClientCertificate(options, renewed) });
}

/**
 * All members of it; undefined are those that nobody has given, or that go with the old ones.
 *
 * @param options - may have other members
 * @throws TokenBindingError `invalid_argument`
 */
export function renewedClientCertificate(
  options: RenewedClientCertificate,
  renewed: RenewedClientCertificate,
): RenewedClientCertificate {
  const given = checkTlsOptions(renewed);
  const others = Object.keys(given).filter((name) => !(names as readonly string[]).includes(name));
  if (others.length > 0 || Object.keys(given).length === 0) {
    throw invalid(`expected ${names.join(", ")}, got ${others.join(", ") || "none of them"}`);
  }
  const { cert, key, pfx } = given;
  const isPair = (cert ?? key) !== undefined;
  if (pfx !== undefined && isPair) throw invalid("expected key and cert or pfx, got both");
  const next: RenewedClientCertificate = {
    ...Object.fromEntries(names.map((name) => [name, options[name]])),
    ...(isPair && { pfx: undefined }),
    ...(pfx !== undefined && { cert: undefined, key: undefined }),
    ...given,
  };
  if ((next.cert === undefined) !== (next.key === undefined)) {
    throw invalid("expected a certificate and its key, got one without the other");
  }
  return next;
}

function invalid(message: string): TokenBindingError {
  return new TokenBindingError("invalid_argument", `renewCertificate: ${message}`);
}
