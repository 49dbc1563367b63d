import { TokenBindingError } from "@tokbind/codec";

// The part of BER that LDAP allows (RFC 4511 section 5.1): definite lengths, and tags of one byte.

/** Tags of RFC 4511. */
export const tags = {
  integer: 0x02,
  octetString: 0x04,
  enumerated: 0x0a,
  boolean: 0x01,
  sequence: 0x30,
  set: 0x31,
  bindRequest: 0x60,
  bindResponse: 0x61,
  unbindRequest: 0x42,
  searchRequest: 0x63,
  searchResultEntry: 0x64,
  searchResultDone: 0x65,
  searchResultReference: 0x73,
  extendedRequest: 0x77,
  extendedResponse: 0x78,
  /** AuthenticationChoice.sasl */
  sasl: 0xa3,
  /** BindResponse.serverSaslCreds */
  serverSaslCreds: 0x87,
  /** ExtendedRequest.requestName */
  requestName: 0x80,
  /** Filter.present */
  present: 0x87,
} as const;

export interface Element {
  readonly tag: number;
  readonly value: Buffer;
}

/** What stands before an element's value. */
export interface Header {
  readonly tag: number;
  /** Bytes of tag and length. */
  readonly headerLength: number;
  /** Bytes of the value. */
  readonly length: number;
}

/** Encodes an element of strings (UTF-8), bytes and other elements. */
export function encode(tag: number, ...parts: readonly (string | Uint8Array)[]): Buffer {
  const value = Buffer.concat(parts.map((part) => (typeof part === "string" ? Buffer.from(part) : part)));
  if (value.length < 0x80) return Buffer.concat([Buffer.of(tag, value.length), value]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(value.length);
  return Buffer.concat([Buffer.of(tag, 0x84), length, value]);
}

/** Encodes a number of 0 to 2^31 - 1 as INTEGER or ENUMERATED. */
export function encodeNumber(tag: number, value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  // As short as the sign bit allows.
  const start = [0, 1, 2].find((at) => bytes[at] !== 0 || bytes[at + 1]! >= 0x80) ?? 3;
  return encode(tag, bytes.subarray(start));
}

/** The header at the start of `bytes`, undefined when there are too few of them. */
export function readHeader(bytes: Uint8Array): Header | undefined {
  const [tag, first] = bytes;
  if (tag === undefined || first === undefined) return undefined;
  if ((tag & 0x1f) === 0x1f) throw malformed("a tag of one byte");
  if (first < 0x80) return { tag, headerLength: 2, length: first };
  const count = first & 0x7f;
  if (count === 0 || count > 4) throw malformed("a definite length of at most 4 bytes");
  if (bytes.length < 2 + count) return undefined;
  const length = bytes.subarray(2, 2 + count).reduce((sum, byte) => sum * 256 + byte, 0);
  return { tag, headerLength: 2 + count, length };
}

/** The elements that `bytes` consist of, to the last byte. */
export function decode(bytes: Buffer): Element[] {
  const elements: Element[] = [];
  for (let at = 0; at < bytes.length;) {
    const header = readHeader(bytes.subarray(at));
    const start = at + (header?.headerLength ?? 0);
    if (header === undefined || start + header.length > bytes.length)
      throw malformed("elements that are whole");
    elements.push({ tag: header.tag, value: bytes.subarray(start, start + header.length) });
    at = start + header.length;
  }
  return elements;
}

/** The value of an INTEGER or ENUMERATED of 0 to 2^31 - 1. */
export function decodeNumber(element: Element | undefined, tag: number): number {
  if (
    element?.tag !== tag ||
    element.value.length < 1 ||
    element.value.length > 4 ||
    element.value[0]! > 0x7f
  ) {
    throw malformed("a number of 0 to 2147483647");
  }
  return element.value.readUIntBE(0, element.value.length);
}

/** The value of an element that has to be there. */
export function valueOf(element: Element | undefined, tag: number): Buffer {
  if (element?.tag !== tag) throw malformed(`an element with the tag 0x${tag.toString(16)}`);
  return element.value;
}

export function malformed(expected: string): TokenBindingError {
  return new TokenBindingError("invalid_encoding", `LDAP message: expected ${expected} (RFC 4511)`);
}
