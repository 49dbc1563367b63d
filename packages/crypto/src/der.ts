import { concat, withoutLeadingZeros } from "./numbers.ts";

/**
 * Just enough DER (X.690) to write the two key formats. Nothing here parses.
 *
 * @module
 */

/** A value with its tag and its length, both in DER. */
export function der(tag: number, ...contents: readonly Uint8Array[]): Uint8Array {
  const content = concat(...contents);
  const { length } = content;
  if (length < 0x80) return concat(Uint8Array.of(tag, length), content);
  if (length < 0x100) return concat(Uint8Array.of(tag, 0x81, length), content);
  return concat(Uint8Array.of(tag, 0x82, length >> 8, length & 0xff), content);
}

export const tags = {
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  oid: 0x06,
  sequence: 0x30,
  /** [1] EXPLICIT */
  context1: 0xa1,
};

/** A number that is not negative, from big-endian bytes. */
export function derInteger(bytes: Uint8Array): Uint8Array {
  const number = withoutLeadingZeros(bytes);
  // A leading zero keeps a set top bit from being the sign.
  const isBare = number.length > 0 && number[0]! < 0x80;
  return isBare ? der(tags.integer, number) : der(tags.integer, Uint8Array.of(0), number);
}

/** A BIT STRING of whole bytes. */
export function derBitString(bytes: Uint8Array): Uint8Array {
  return der(tags.bitString, Uint8Array.of(0), bytes);
}

/** AlgorithmIdentifier of id-ecPublicKey with secp256r1, RFC 5480 section 2.1.1. */
export const p256Algorithm = der(
  tags.sequence,
  der(tags.oid, Uint8Array.of(0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01)),
  der(tags.oid, Uint8Array.of(0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07)),
);

/** AlgorithmIdentifier of rsaEncryption, RFC 3279 section 2.3.1. */
export const rsaAlgorithm = der(
  tags.sequence,
  der(tags.oid, Uint8Array.of(0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01)),
  der(tags.null),
);

/** First byte of an uncompressed point, SEC 1 section 2.3.3. Points in a TokenBindingID go without it. */
export const uncompressed = Uint8Array.of(0x04);
