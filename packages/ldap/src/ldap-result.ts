import { TokenBindingError, type TokenBindingErrorCode } from "@tokbind/codec";
import { decode, decodeNumber, tags, valueOf } from "./ber.ts";

/** LDAPResult of RFC 4511 section 4.1.9, and what a bind adds. */
export interface LdapResult {
  readonly resultCode: number;
  /** diagnosticMessage, in characters that can be printed, at most 300. */
  readonly message: string;
  readonly serverSaslCreds: Buffer | undefined;
}

/** resultCode of RFC 4511 appendix A. */
export const resultCodes = {
  success: 0,
  authMethodNotSupported: 7,
  saslBindInProgress: 14,
  invalidCredentials: 49,
  unwillingToPerform: 53,
} as const;

export function readResult(operation: Buffer): LdapResult {
  const [code, matchedDn, text, ...more] = decode(operation);
  valueOf(matchedDn, tags.octetString);
  return {
    resultCode: decodeNumber(code, tags.enumerated),
    message: printable(valueOf(text, tags.octetString).toString()),
    serverSaslCreds: more.find(({ tag }) => tag === tags.serverSaslCreds)?.value,
  };
}

/** SEC_E_BAD_BINDINGS, which Active Directory and Samba put first in their message; what follows differs. */
export function saysBadBindings({ message }: LdapResult): boolean {
  return /\b80090346\b/.test(message);
}

/**
 * Why a bind failed. LDAP has few result codes for it, so directories tell by words.
 *
 * @param isBound whether it carried a channel binding
 */
export function bindError(result: LdapResult, isBound: boolean): TokenBindingError {
  const { resultCode, message } = result;
  const [code, expected] = reason(result, isBound);
  const said = `result ${resultCode}${message === "" ? "" : `, ${message}`}`;
  return new TokenBindingError(code, `expected ${expected} (${said})`);
}

function reason(result: LdapResult, isBound: boolean): readonly [TokenBindingErrorCode, string] {
  if (saysBadBindings(result)) return isBound ? mismatch : required;
  // Cyrus SASL's words, in OpenLDAP.
  for (const [words, reason] of cyrusReasons) if (words.test(result.message)) return reason;
  switch (result.resultCode) {
    case resultCodes.invalidCredentials:
      return credentials;
    case resultCodes.authMethodNotSupported:
      return ["mechanism_not_offered", "the directory to support the mechanism, it does not"];
    case resultCodes.unwillingToPerform:
      return /sign.{0,4}(?:or|\/).{0,4}seal/i.test(result.message) ? securityLayer : refused;
    default:
      return refused;
  }
}

const mismatch = [
  "channel_bindings_dont_match",
  "the directory to see this TLS connection, it sees another: something on the way ends TLS, or its certificate is not the one that it knows of",
] as const;
const required = [
  "channel_binding_required",
  "the directory to accept a bind without channel binding, it enforces channel binding",
] as const;
const credentials = ["invalid_credentials", "a name and its password, the directory refuses these"] as const;
const securityLayer = [
  "security_layer_refused",
  "no security layer, the bind asked to sign or seal inside TLS, which the directory refuses",
] as const;
const refused = ["bind_refused", "the directory to accept the bind, it does not"] as const;

const cyrusReasons: readonly (readonly [RegExp, readonly [TokenBindingErrorCode, string]])[] = [
  [
    /assumed server had no channel binding/,
    [
      "server_does_support_channel_binding",
      "the directory to support no channel binding, it does: what it offers was changed on the way",
    ],
  ],
  [
    /unsupported channel bindings type/i,
    [
      "unsupported_channel_binding_type",
      "the directory to know this type of channel binding, it knows another",
    ],
  ],
  [/channel binding/i, mismatch],
  [
    /gss_accept_sec_context/,
    [
      "bind_refused",
      "the directory to accept the Kerberos context, it does not, and does not say why: something on the way ends TLS (channel binding), or its key is not the one that the KDC knows",
    ],
  ],
  // An unknown user.
  [/unable to canonify user/, credentials],
];

function printable(text: string): string {
  return text
    .replaceAll(/\p{C}+/gu, " ")
    .trim()
    .slice(0, 300);
}
