import { isFunction, type OptionRule } from "@tokbind/codec/options";
import type { OnProgress } from "./crl.ts";
import type { CertificateNames } from "./names.ts";
import { type CertificateProfile, isProfile, profileNames } from "./profiles.ts";
import { type RevocationReason, revocationReasons } from "./revocation-reason.ts";

/** Options of `CertificateAuthority.open`. */
export interface OpenOptions {
  readonly directory: string;
  /** Of the issuing CA's key, if that is encrypted. */
  readonly passphrase?: string | undefined;
}

/** Options of `CertificateAuthority.create`. */
export interface CreateOptions extends OpenOptions {
  /** As it stands in every certificate: 1 to 64 characters. */
  readonly organization: string;
  /** Encrypts the keys: PKCS #8, PBES2 with scrypt and AES-256. */
  readonly passphrase?: string | undefined;
  /**
   * The file for the root's key, where that is to be kept off line: on a medium that goes into a safe. By default
   * `root.key.pem` in the directory.
   */
  readonly rootKey?: string | undefined;
  /** Encrypts the root's key; by default the other passphrase does. */
  readonly rootPassphrase?: string | undefined;
  /**
   * Domains that the CA is for, with all below them: host names, e-mail addresses and URIs of others are refused by whoever
   * validates its certificates (name constraints, RFC 5280 section 4.2.1.10), URIs without a host too. By default all.
   */
  readonly permittedDomains?: readonly string[] | undefined;
}

/** What a certificate is to be. */
export interface CertificateOrder extends CertificateNames {
  readonly profile: CertificateProfile;
  /** How long it lives, in days: by default a server's 90, a user's and a device's 30, a service's 7. */
  readonly days?: number | undefined;
}

/** Options of `issue`. */
export interface IssueOptions extends CertificateOrder {
  /** Encrypts the private key that is returned. */
  readonly passphrase?: string | undefined;
}

/** Options of `sign`. */
export interface SignOptions extends CertificateOrder {
  /** PKCS #10, PEM or DER. */
  readonly request: string | Uint8Array;
}

/** Options of `renew`: what `createRenewalRequest` returns. */
export interface RenewOptions {
  /** The current certificate, PEM; what follows it is not read. */
  readonly certificate: string;
  /** For the key of the new one: PKCS #10, PEM. */
  readonly request: string;
  /** Signature of the current certificate's key over the request, base64url. */
  readonly proof: string;
  /** How long the new one lives, in days; by default as its profile says. */
  readonly days?: number | undefined;
}

/** Options of `revoke`: one of the first two. */
export interface RevokeOptions {
  /** Hex; colons, spaces and case do not count. */
  readonly serialNumber?: string | undefined;
  /** PEM; what follows it is not read. */
  readonly certificate?: string | undefined;
  /** By default unspecified. */
  readonly reason?: RevocationReason | undefined;
}

/** Options of `crl`. */
export interface CrlOptions {
  /** How long it counts, in days: 7 by default. Without a newer one, servers then refuse everybody. */
  readonly days?: number | undefined;
  /** Called now and then with the number of entries done, and of all. */
  readonly onProgress?: OnProgress | undefined;
}

/** Options of `rootCrl`. */
export interface RootCrlOptions {
  /** The file with the root's key; by default `root.key.pem` in the directory. */
  readonly rootKey?: string | undefined;
  /** By default that of `open`. */
  readonly rootPassphrase?: string | undefined;
  /** How long it counts, in days: 365 by default. */
  readonly days?: number | undefined;
}

export const isText: OptionRule = {
  expected: "a string that is not empty",
  test: (value) => typeof value === "string" && value !== "",
};
const isTexts: OptionRule = {
  expected: "an array of strings",
  test: (value) => Array.isArray(value) && value.every((one) => typeof one === "string"),
};
const isDays: OptionRule = {
  expected: "a whole number of days, 1 to 3650",
  test: (value) => Number.isSafeInteger(value) && (value as number) >= 1 && (value as number) <= 3650,
};
export const required = (rule: OptionRule): OptionRule => ({ ...rule, required: true });

type Rules<Options> = Readonly<Record<keyof Options, OptionRule>>;

export const openRules: Rules<OpenOptions> = { directory: required(isText), passphrase: isText };
export const createRules: Rules<CreateOptions> = {
  ...openRules,
  organization: required(isText),
  rootKey: isText,
  rootPassphrase: isText,
  permittedDomains: isTexts,
};
const orderRules: Rules<CertificateOrder> = {
  profile: required({ expected: profileNames.join(", "), test: isProfile }),
  name: isText,
  dns: isTexts,
  ip: isTexts,
  email: isText,
  uri: isText,
  upn: isText,
  days: isDays,
};
export const issueRules: Rules<IssueOptions> = { ...orderRules, passphrase: isText };
export const signRules: Rules<SignOptions> = {
  ...orderRules,
  request: required({
    expected: "PEM in a string, or DER in a Uint8Array",
    test: (value) => typeof value === "string" || value instanceof Uint8Array,
  }),
};
export const renewRules: Rules<RenewOptions> = {
  certificate: required(isText),
  request: required(isText),
  proof: required(isText),
  days: isDays,
};
export const revokeRules: Rules<RevokeOptions> = {
  serialNumber: isText,
  certificate: isText,
  reason: {
    expected: Object.keys(revocationReasons).join(", "),
    test: (value) => typeof value === "string" && Object.hasOwn(revocationReasons, value),
  },
};
export const crlRules: Rules<CrlOptions> = { days: isDays, onProgress: isFunction };
export const rootCrlRules: Rules<RootCrlOptions> = { rootKey: isText, rootPassphrase: isText, days: isDays };
