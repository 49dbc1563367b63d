import { TokenBindingError, type TokenBindingErrorCode } from "@tokbind/codec";
import { type CertificateFields, purposes } from "./certificate/read-certificate.ts";
import type { Authorities, Chain } from "./authorities.ts";

/** By the names that Node has for OpenSSL's verdicts; all others mean that the chain does not hold. */
const codes: Readonly<Record<string, TokenBindingErrorCode>> = {
  CERT_HAS_EXPIRED: "certificate_expired",
  CERT_NOT_YET_VALID: "certificate_expired",
  CERT_REVOKED: "certificate_revoked",
  CRL_HAS_EXPIRED: "crl_expired",
  CRL_NOT_YET_VALID: "crl_expired",
  INVALID_PURPOSE: "certificate_purpose",
  UNABLE_TO_GET_CRL: "crl_missing",
};

/** The error for a chain that OpenSSL refused in the handshake. */
export function chainRefusal(verdict: unknown): TokenBindingError {
  const name = verdict instanceof Error ? verdict.message : String(verdict);
  const code = Object.hasOwn(codes, name) ? codes[name]! : "certificate_untrusted";
  return new TokenBindingError(code, `expected a client certificate that holds, got ${name} from OpenSSL`);
}

/** A time from which and until which something holds, in milliseconds since 1970. */
export interface Period {
  readonly from: number;
  readonly until: number;
}

/**
 * Whether a certificate whose chain holds counts now: not expired, for clients, and not revoked.
 *
 * @returns how long that stays so, with the same CRLs
 * @throws TokenBindingError
 */
export function checkStanding(
  fields: CertificateFields,
  chain: Chain,
  { checksRevocation }: Authorities,
  now: number,
): Period {
  if (now < fields.notBefore || now >= chain.notAfter) {
    throw new TokenBindingError(
      "certificate_expired",
      `expected a certificate for ${isoTime(now)}, got one from ${isoTime(fields.notBefore)} to ${isoTime(chain.notAfter)}`,
    );
  }
  if (fields.purposes?.has(purposes.clientAuth) === false) {
    throw new TokenBindingError(
      "certificate_purpose",
      "expected a certificate for clients (clientAuth), got one for other purposes",
    );
  }
  let [from, until] = [fields.notBefore, chain.notAfter];
  if (!checksRevocation) return { from, until };
  for (const { serial, list } of chain.links) {
    if (list === undefined) {
      throw new TokenBindingError("crl_missing", "expected a CRL of every CA of the chain, got none of one");
    }
    if (now < list.thisUpdate || now >= list.nextUpdate) {
      throw new TokenBindingError(
        "crl_expired",
        `expected a CRL for ${isoTime(now)}, got one from ${isoTime(list.thisUpdate)} to ${isoTime(list.nextUpdate)}`,
      );
    }
    if (list.serials.has(serial)) {
      throw new TokenBindingError(
        "certificate_revoked",
        "expected a certificate in force, got a revoked one",
      );
    }
    from = Math.max(from, list.thisUpdate);
    until = Math.min(until, list.nextUpdate);
  }
  return { from, until };
}

function isoTime(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}
