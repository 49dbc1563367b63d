// A byte builder of its own, so that no vector is made by the encoder that it tests.

import { sha256 } from "@noble/hashes/sha2.js";

export type Bytes = Uint8Array;

export function concat(...parts: readonly (Bytes | number)[]): Bytes {
  return Uint8Array.from(parts.flatMap((part) => (typeof part === "number" ? [part] : [...part])));
}

export function uint16(value: number): Bytes {
  return Uint8Array.of(value >> 8, value & 0xff);
}

/** A vector of TLS presentation language with a length prefix of one byte, which may lie. */
export function vector8(content: Bytes, length = content.length): Bytes {
  return concat(length, content);
}

/** The same with two bytes. */
export function vector16(content: Bytes, length = content.length): Bytes {
  return concat(uint16(length), content);
}

export function fill(length: number, byte: number): Bytes {
  return new Uint8Array(length).fill(byte);
}

export function fromHex(text: string): Bytes {
  return Uint8Array.from(Buffer.from(text, "hex"));
}

export function hex(bytes: Bytes): string {
  return Buffer.from(bytes).toString("hex");
}

export function base64url(bytes: Bytes): string {
  return Buffer.from(bytes).toString("base64url");
}

export function ascii(text: string): Bytes {
  return Uint8Array.from(Buffer.from(text, "latin1"));
}

export function toNumber(bytes: Bytes): bigint {
  return BigInt(`0x0${hex(bytes)}`);
}

/** Big-endian, as long as asked, or without leading zeros. */
export function fromNumber(number: bigint, length?: number): Bytes {
  const digits = number.toString(16);
  const even = digits.length % 2 === 0 ? digits : `0${digits}`;
  if (length !== undefined && even.length > 2 * length) throw new Error(`${digits} exceeds ${length} bytes`);
  return fromHex(length === undefined ? even : even.padStart(2 * length, "0"));
}

/** A copy with some bits of one byte turned over. */
export function flip(bytes: Bytes, index: number, mask = 1): Bytes {
  const copy = Uint8Array.from(bytes);
  copy[index < 0 ? copy.length + index : index]! ^= mask;
  return copy;
}

/** Bytes that nobody chose: SHA-256 of a label, repeated with a counter for more than 32. */
export function nothingUpMySleeve(label: string, length = 32): Bytes {
  const blocks: Bytes[] = [];
  for (let i = 0; i * 32 < length; i++) {
    blocks.push(sha256(ascii(i === 0 ? `tokbind: ${label}` : `tokbind: ${label} ${i}`)));
  }
  return concat(...blocks).subarray(0, length);
}
