import type { X509Certificate } from "node:crypto";
import type { TokenBindingErrorCode } from "@tokbind/codec";
import type { SubjectAltNames } from "@tokbind/codec/node";
import { DerReader, tags } from "../der/der-reader.ts";
import { readExtensions } from "../der/extensions.ts";
import { noNames, readSubjectAltNames } from "./subject-alt-names.ts";

/** What is read of a certificate's DER. Names, serial numbers and key identifiers are bytes as text, to be compared. */
export interface CertificateFields {
  readonly serial: string;
  readonly issuer: string;
  readonly subject: string;
  /** Milliseconds since 1970. */
  readonly notBefore: number;
  readonly notAfter: number;
  readonly authorityKeyId: string | undefined;
  readonly subjectKeyId: string | undefined;
  /** Hex of the OIDs; undefined without the extension, which allows every purpose. */
  readonly purposes: ReadonlySet<string> | undefined;
  readonly names: SubjectAltNames;
}

/** OIDs of extensions (RFC 5280 section 4.2.1), in hex. */
const oids = {
  subjectKeyIdentifier: "551d0e",
  subjectAltName: "551d11",
  authorityKeyIdentifier: "551d23",
  extKeyUsage: "551d25",
} as const;

/** OIDs of purposes (RFC 5280 section 4.2.1.12), in hex. */
export const purposes = { serverAuth: "2b06010505070301", clientAuth: "2b06010505070302" } as const;

/** @throws TokenBindingError with the code that is given */
export function readCertificate(
  { raw }: Pick<X509Certificate, "raw">,
  code: TokenBindingErrorCode = "certificate_malformed",
): CertificateFields {
  const reader = new DerReader(raw, { code, what: "certificate" });
  const tbs = reader.next(tags.sequence).inside().next(tags.sequence).inside();
  if (tbs.nextIs(0xa0)) tbs.next();
  const serial = tbs.next(tags.integer).integerText();
  tbs.next(tags.sequence);
  const issuer = nameText(tbs);
  const validity = tbs.next(tags.sequence).inside();
  const [notBefore, notAfter] = [validity.time(), validity.time()];
  const subject = nameText(tbs);
  tbs.next(tags.sequence);
  while (tbs.nextIs(0x81) || tbs.nextIs(0x82)) tbs.next();
  const extended: Partial<Extended> = {};
  if (tbs.nextIs(0xa3)) readExtended(tbs.next().inside(), extended);
  const { authorityKeyId, subjectKeyId, names = noNames } = extended;
  return {
    serial,
    issuer,
    subject,
    notBefore,
    notAfter,
    authorityKeyId,
    subjectKeyId,
    purposes: extended.purposes,
    names,
  };
}

/** The next Name, with its tag and length. */
export function nameText(reader: DerReader): string {
  const { start, end } = reader.next(tags.sequence);
  return reader.text(start, end);
}

/** The keyIdentifier of an AuthorityKeyIdentifier, if it has one. */
export function authorityKeyIdText(value: DerReader): string | undefined {
  const inner = value.next(tags.sequence).inside();
  if (!inner.nextIs(0x80)) return undefined;
  const { content, end } = inner.next();
  return inner.text(content, end);
}

export const authorityKeyIdentifier = oids.authorityKeyIdentifier;

type Extended = {
  -readonly [Name in "authorityKeyId" | "subjectKeyId" | "purposes" | "names"]: CertificateFields[Name];
};

function readExtended(reader: DerReader, extended: Partial<Extended>): void {
  readExtensions(reader, ({ oid, value }) => {
    switch (oid) {
      case oids.subjectKeyIdentifier: {
        const { content, end } = value.next(tags.octetString);
        extended.subjectKeyId = value.text(content, end);
        break;
      }
      case oids.authorityKeyIdentifier:
        extended.authorityKeyId = authorityKeyIdText(value);
        break;
      case oids.extKeyUsage: {
        const list = value.next(tags.sequence).inside();
        const found = new Set<string>();
        while (!list.isAtEnd) found.add(list.next(tags.oid).value().toString("hex"));
        extended.purposes = found;
        break;
      }
      case oids.subjectAltName:
        extended.names = readSubjectAltNames(value);
        break;
    }
  });
}
