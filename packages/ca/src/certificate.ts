import { createHash, type KeyObject, randomBytes, sign, X509Certificate } from "node:crypto";
import { bitString, integer, oid, readValues, sequence, tagged, time } from "./der.ts";

/** ecdsa-with-SHA256, RFC 5758 section 3.2: how all CAs here sign. */
export const signatureAlgorithm = sequence(oid("1.2.840.10045.4.3.2"));

/** Signs what lies to be signed of a certificate or a CRL, and puts the parts together. */
export function signed(tbs: Uint8Array, key: KeyObject): Buffer {
  return sequence(tbs, signatureAlgorithm, bitString(sign("sha256", tbs, key)));
}

/** What stands in a certificate; names, keys and extensions in DER. */
export interface CertificateFields {
  readonly serialNumber: Uint8Array;
  readonly issuer: Uint8Array;
  readonly subject: Uint8Array;
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** SubjectPublicKeyInfo */
  readonly publicKey: Uint8Array;
  readonly extensions: readonly Uint8Array[];
}

/** A certificate of version 3, RFC 5280 section 4.1, in DER. */
export function encodeCertificate(fields: CertificateFields, issuerKey: KeyObject): Buffer {
  const { serialNumber, issuer, subject, notBefore, notAfter, publicKey, extensions } = fields;
  const tbs = sequence(
    tagged(0, integer(2)),
    integer(serialNumber),
    signatureAlgorithm,
    issuer,
    sequence(time(notBefore), time(notAfter)),
    subject,
    publicKey,
    tagged(3, sequence(...extensions)),
  );
  return signed(tbs, issuerKey);
}

/**
 * 16 random bytes: positive, never with a leading zero, and nobody guesses the next one. 122 bits are drawn, so that two
 * alike are never seen.
 */
export function newSerialNumber(): Buffer {
  const bytes = randomBytes(16);
  bytes[0] = 0x40 | (bytes[0]! & 0x3f);
  return bytes;
}

/** The first 160 bits of the SHA-256 of the public key's bits, RFC 7093 section 2. */
export function keyIdentifierOf(publicKey: Uint8Array): Buffer {
  const [spki] = readValues(Buffer.from(publicKey));
  const bits = readValues(spki!.content)[1]!.content.subarray(1);
  return createHash("sha256").update(bits).digest().subarray(0, 20);
}

/** What the certificates and CRLs of a CA take from its own certificate. */
export interface Issuer {
  readonly certificate: X509Certificate;
  /** Name, DER. */
  readonly subject: Buffer;
  readonly keyIdentifier: Buffer;
}

/** Reads a CA certificate of our own. */
export function readIssuer(pem: string): Issuer {
  const certificate = new X509Certificate(pem);
  const [whole] = readValues(certificate.raw);
  const [tbs] = readValues(whole!.content);
  const subject = readValues(tbs!.content)[5]!.bytes;
  const publicKey = certificate.publicKey.export({ type: "spki", format: "der" });
  return { certificate, subject, keyIdentifier: keyIdentifierOf(publicKey) };
}

/** Lower-case hex without leading zeros, as certificates are named in the index. */
export function serialNumberOf(certificate: X509Certificate): string {
  return certificate.serialNumber.toLowerCase();
}
