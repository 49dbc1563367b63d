import {
  der,
  integer,
  octetString,
  oid,
  sequence,
  set,
  tagged,
  taggedPrimitive,
  trueValue,
  utf8String,
} from "./der.ts";
import { type CheckedNames, ipBytes } from "./names.ts";

/**
 * The names and extensions of certificates and CRLs in DER, RFC 5280 sections 4.1.2.4, 4.2 and 5.2.
 *
 * @module
 */

const organizationName = oid("2.5.4.10");
const commonName = oid("2.5.4.3");

/** A Name in which each text is one attribute, whatever is in it. */
export function distinguishedName(organization?: string, name?: string): Buffer {
  const attribute = (type: Buffer, text: string | undefined) =>
    text === undefined ? [] : [set(sequence(type, utf8String(text)))];
  return sequence(...attribute(organizationName, organization), ...attribute(commonName, name));
}

/** In DER a FALSE that is the default is left out. */
function extension(id: string, isCritical: boolean, value: Uint8Array): Buffer {
  return sequence(oid(id), ...(isCritical ? [trueValue] : []), octetString(value));
}

/** cA true; `pathLength` is how many CAs may follow. */
export function caConstraints(pathLength?: number): Buffer {
  const limit = pathLength === undefined ? [] : [integer(pathLength)];
  return extension("2.5.29.19", true, sequence(trueValue, ...limit));
}

/** cA false. */
export const leafConstraints = extension("2.5.29.19", true, sequence());

// Named bits are numbered from the left, and their BIT STRING says first how many on the right do not count.
/** keyCertSign and cRLSign. */
export const caKeyUsage = extension("2.5.29.15", true, der(0x03, Buffer.of(1, 0b0000_0110)));
/** digitalSignature */
export const leafKeyUsage = extension("2.5.29.15", true, der(0x03, Buffer.of(7, 0b1000_0000)));

export function extendedKeyUsage(purposes: readonly string[]): Buffer {
  return extension("2.5.29.37", false, sequence(...purposes.map(oid)));
}

export function subjectKeyIdentifier(keyIdentifier: Uint8Array): Buffer {
  return extension("2.5.29.14", false, octetString(keyIdentifier));
}

export function authorityKeyIdentifier(keyIdentifier: Uint8Array): Buffer {
  return extension("2.5.29.35", false, sequence(taggedPrimitive(0, keyIdentifier)));
}

/** Critical where it is all that names the subject, section 4.2.1.6. */
export function subjectAlternativeName(names: CheckedNames, isCritical: boolean): Buffer {
  const { dns, ip, email, uri, upn } = names;
  const text = (n: number, value: string | undefined) =>
    value === undefined ? [] : [taggedPrimitive(n, Buffer.from(value, "latin1"))];
  return extension(
    "2.5.29.17",
    isCritical,
    sequence(
      ...dns.flatMap((host) => text(2, host)),
      ...ip.map((address) => taggedPrimitive(7, ipBytes(address))),
      ...text(1, email),
      ...text(6, uri),
      // otherName, id-ms-san-upn
      ...(upn === undefined ? [] : [tagged(0, oid("1.3.6.1.4.1.311.20.2.3"), tagged(0, utf8String(upn)))]),
    ),
  );
}

/**
 * What is permitted: these domains and all below them, in host names, e-mail addresses and URIs, section 4.2.1.10. There, a
 * dNSName means what is below it too; the other two say that by a leading dot.
 */
export function nameConstraints(domains: readonly string[]): Buffer {
  const subtree = (n: number, base: string) => sequence(taggedPrimitive(n, Buffer.from(base, "latin1")));
  const subtrees = domains.flatMap((domain) => [
    subtree(2, domain),
    ...[1, 6].flatMap((n) => [subtree(n, domain), subtree(n, `.${domain}`)]),
  ]);
  return extension("2.5.29.30", true, sequence(tagged(0, ...subtrees)));
}

export function crlNumber(number: number): Buffer {
  return extension("2.5.29.20", false, integer(number));
}

/** An extension of a CRL's entry; the reason "unspecified" is left out instead, section 5.3.1. */
export function reasonCode(code: number): Buffer {
  return extension("2.5.29.21", false, der(0x0a, Buffer.of(code)));
}
