import { TokenBindingError } from "./errors.ts";

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

const invalid = 0xff;
const values = new Uint8Array(256).fill(invalid);
for (let i = 0; i < 64; i++) values[alphabet.charCodeAt(i)] = i;

/**
 * Encodes bytes as base64url without padding, RFC 4648 section 5.
 *
 * @param bytes - any number of bytes
 * @returns ceil(4n/3) characters of `A-Z a-z 0-9 - _`
 */
export function encodeBase64url(bytes: Uint8Array): string {
  let text = "";
  for (let i = 0; i < bytes.length; i += 3) {
    const left = bytes.length - i;
    const group = (bytes[i]! << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0);
    text += alphabet[group >> 18]! + alphabet[(group >> 12) & 63]!;
    if (left > 1) text += alphabet[(group >> 6) & 63]!;
    if (left > 2) text += alphabet[group & 63]!;
  }
  return text;
}

/**
 * Decodes base64url strictly (RFC 8473 section 2, A-10): no padding, no white space, no other characters, no
 * impossible length, no set bits that belong to no byte. So every byte string has exactly one encoding.
 *
 * @param text - characters of `A-Z a-z 0-9 - _`
 * @returns the decoded bytes
 * @throws TokenBindingError `base64url_character`, `base64url_length` or `base64url_unused_bits`
 */
export function decodeBase64url(text: string): Uint8Array {
  const length = text.length;
  const whole = length - (length % 4);
  const bytes = new Uint8Array((length * 3) >> 2);
  let at = 0;
  let i = 0;
  for (; i < whole; i += 4) {
    const a = value(text, i);
    const b = value(text, i + 1);
    const c = value(text, i + 2);
    const d = value(text, i + 3);
    if ((a | b | c | d) > 63) throw badCharacter(text);
    bytes[at++] = (a << 2) | (b >> 4);
    bytes[at++] = (b << 4) | (c >> 2);
    bytes[at++] = (c << 6) | d;
  }
  if (i === length) return bytes;

  const a = value(text, i);
  const b = i + 1 < length ? value(text, i + 1) : 0;
  const c = i + 2 < length ? value(text, i + 2) : 0;
  if ((a | b | c) > 63) throw badCharacter(text);
  if (length - i === 1) {
    throw new TokenBindingError(
      "base64url_length",
      `base64url: expected a length that is not 1 modulo 4, got ${length} characters`,
      { offset: i },
    );
  }
  bytes[at++] = (a << 2) | (b >> 4);
  if (length - i === 3) bytes[at++] = (b << 4) | (c >> 2);
  const unused = length - i === 3 ? c & 3 : b & 15;
  if (unused !== 0) {
    throw new TokenBindingError(
      "base64url_unused_bits",
      "base64url: expected the unused low bits of the last character to be 0",
      { offset: length - 1 },
    );
  }
  return bytes;
}

function value(text: string, i: number): number {
  const code = text.charCodeAt(i);
  return code < 256 ? values[code]! : invalid;
}

function badCharacter(text: string): TokenBindingError {
  const offset = text.search(/[^A-Za-z0-9_-]/);
  const code = text.charCodeAt(offset).toString(16).toUpperCase().padStart(4, "0");
  return new TokenBindingError(
    "base64url_character",
    `base64url: expected only A-Z a-z 0-9 - _, got U+${code} at character ${offset}`,
    { offset },
  );
}
