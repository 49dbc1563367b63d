/**
 * The DER (X.690) that certificates, CRLs and key files are written in; and as much reading as one's own certificate takes.
 * Nothing here is for bytes of strangers.
 *
 * @module
 */

/** A value with its tag and its length, which may be of 4 bytes: CRLs are large. */
export function der(tag: number, ...contents: readonly Uint8Array[]): Buffer {
  let length = 0;
  for (const content of contents) length += content.length;
  const lengthBytes = length < 0x80 ? 0 : Math.ceil((32 - Math.clz32(length)) / 8);
  const bytes = Buffer.allocUnsafe(2 + lengthBytes + length);
  bytes[0] = tag;
  bytes[1] = lengthBytes === 0 ? length : 0x80 | lengthBytes;
  if (lengthBytes > 0) bytes.writeUIntBE(length, 2, lengthBytes);
  let at = 2 + lengthBytes;
  for (const content of contents) {
    bytes.set(content, at);
    at += content.length;
  }
  return bytes;
}

export const sequence = (...contents: readonly Uint8Array[]): Buffer => der(0x30, ...contents);
export const set = (content: Uint8Array): Buffer => der(0x31, content);
export const octetString = (...contents: readonly Uint8Array[]): Buffer => der(0x04, ...contents);
export const utf8String = (text: string): Buffer => der(0x0c, Buffer.from(text));
export const nullValue = der(0x05);
export const trueValue = der(0x01, Buffer.of(0xff));

/** [n] EXPLICIT, or IMPLICIT of something constructed. */
export const tagged = (n: number, ...contents: readonly Uint8Array[]): Buffer => der(0xa0 | n, ...contents);

/** [n] IMPLICIT of something primitive. */
export const taggedPrimitive = (n: number, content: Uint8Array): Buffer => der(0x80 | n, content);

/** A number that is not negative. */
export function integer(value: number | Uint8Array): Buffer {
  let bytes = typeof value === "number" ? bigEndian(value) : value;
  while (bytes.length > 1 && bytes[0] === 0) bytes = bytes.subarray(1);
  // A leading zero keeps a set top bit from being the sign.
  return bytes[0]! < 0x80 ? der(0x02, bytes) : der(0x02, Buffer.of(0), bytes);
}

function bigEndian(value: number): Buffer {
  const hex = value.toString(16);
  return Buffer.from(hex.padStart(hex.length + (hex.length % 2), "0"), "hex");
}

/** A BIT STRING of whole bytes. */
export const bitString = (bytes: Uint8Array): Buffer => der(0x03, Buffer.of(0), bytes);

export function oid(dotted: string): Buffer {
  const [first, second, ...rest] = dotted.split(".").map(Number);
  const bytes = [first! * 40 + second!, ...rest].flatMap((arc) => {
    const digits = [arc & 0x7f];
    for (let left = arc >>> 7; left > 0; left >>>= 7) digits.unshift(0x80 | (left & 0x7f));
    return digits;
  });
  return der(0x06, Buffer.from(bytes));
}

/** UTCTime to 2049, GeneralizedTime from 2050: RFC 5280 section 4.1.2.5. */
export function time(date: Date): Buffer {
  const digits = date.toISOString().replaceAll(/[-:T]|\.\d+/g, "");
  return date.getUTCFullYear() < 2050
    ? der(0x17, Buffer.from(digits.slice(2), "latin1"))
    : der(0x18, Buffer.from(digits, "latin1"));
}

/** A value that was read. */
export interface DerValue {
  readonly tag: number;
  readonly content: Buffer;
  /** With tag and length. */
  readonly bytes: Buffer;
}

/** The values that lie one after the other. */
export function readValues(bytes: Buffer): DerValue[] {
  const values: DerValue[] = [];
  for (let at = 0; at < bytes.length;) {
    const short = bytes[at + 1]!;
    const lengthBytes = short < 0x80 ? 0 : short & 0x7f;
    const start = at + 2 + lengthBytes;
    const end = start + (lengthBytes === 0 ? short : bytes.readUIntBE(at + 2, lengthBytes));
    values.push({ tag: bytes[at]!, content: bytes.subarray(start, end), bytes: bytes.subarray(at, end) });
    at = end;
  }
  return values;
}
