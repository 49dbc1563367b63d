import type { KeyObject } from "node:crypto";
import { encodeCertificate, type Issuer, keyIdentifierOf } from "./certificate.ts";
import {
  authorityKeyIdentifier,
  distinguishedName,
  extendedKeyUsage,
  leafConstraints,
  leafKeyUsage,
  subjectAlternativeName,
  subjectKeyIdentifier,
} from "./extensions.ts";
import { type CheckedNames, isText } from "./names.ts";
import { type CertificateProfile, profiles } from "./profiles.ts";

export interface LeafFields {
  readonly serialNumber: Uint8Array;
  readonly organization: string;
  readonly profile: CertificateProfile;
  readonly names: CheckedNames;
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** SubjectPublicKeyInfo, DER. */
  readonly publicKey: Uint8Array;
}

/** A certificate that is no CA's, in DER: good for what its profile says, and for nothing else. */
export function encodeLeaf(fields: LeafFields, issuer: Issuer, issuerKey: KeyObject): Buffer {
  const { serialNumber, organization, profile, names, notBefore, notAfter, publicKey } = fields;
  const name = names.name ?? shownName(names);
  const extensions = [
    leafConstraints,
    leafKeyUsage,
    extendedKeyUsage(profiles[profile].extendedKeyUsage),
    subjectAlternativeName(names, name === undefined),
    subjectKeyIdentifier(keyIdentifierOf(publicKey)),
    authorityKeyIdentifier(issuer.keyIdentifier),
  ];
  const subject = name === undefined ? distinguishedName() : distinguishedName(organization, name);
  return encodeCertificate(
    { serialNumber, issuer: issuer.subject, subject, notBefore, notAfter, publicKey, extensions },
    issuerKey,
  );
}

/**
 * What programs show people when no name was given, if it has room. Without one the subject is empty. No address: OpenSSL
 * takes it for a host name there, which name constraints may forbid.
 */
function shownName({ email, uri, dns }: CheckedNames): string | undefined {
  return [email, uri, ...dns].find((name) => name !== undefined && isText(name));
}
