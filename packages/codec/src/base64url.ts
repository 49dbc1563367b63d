import { TokenBindingError } from "./errors.ts";

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

const characters = Uint8Array.from(alphabet, (character) => character.charCodeAt(0));

// By character code; 255 for what is not in the alphabet.
const values = new Uint8Array(256).fill(255);
for (let i = 0; i < 64; i++) values[alphabet.charCodeAt(i)] = i;

/** Of bytes, a multiple of 3: 4096 characters, which every engine takes as arguments. */
const blockLength = 3072;

/**
 * Encodes bytes as base64url without padding, RFC 4648 section 5.
 *
 * @param bytes - any number of bytes
 * @returns ceil(4n/3) characters of `A-Z a-z 0-9 - _`
 */
export function encodeBase64url(bytes: Uint8Array): string {
  let text = "";
  for (let i = 0; i < bytes.length; i += blockLength) text += encodeBlock(bytes.subarray(i, i + blockLength));
  return text;
}

/** In one go: what is put together of single characters, V8 keeps as a tree of them, 30 times as large. */
function encodeBlock(bytes: Uint8Array): string {
  const codes: number[] = [];
  for (let i = 0; i < bytes.length; i += 3) {
    const group = (bytes[i]! << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0);
    codes.push(
      characters[group >> 18]!,
      characters[(group >> 12) & 63]!,
      characters[(group >> 6) & 63]!,
      characters[group & 63]!,
    );
  }
  // Without those that stand for nothing but the zeros after the last byte.
  codes.length = Math.ceil((bytes.length * 4) / 3);
  return String.fromCharCode(...codes);
}

/**
 * Decodes base64url strictly (RFC 8473 section 2): no padding, no white space, no other characters, no impossible
 * length, no set bits that belong to no byte. So every byte string has exactly one encoding.
 *
 * @param text - characters of `A-Z a-z 0-9 - _`
 * @returns floor(3n/4) bytes
 * @throws TokenBindingError `base64url_character`, `base64url_length` or `base64url_unused_bits`
 */
export function decodeBase64url(text: string): Uint8Array {
  const { length } = text;
  const bytes = new Uint8Array((length * 3) >> 2);
  const whole = length - (length % 4);
  // Looked at once, after the loops: all codes and all sextets, or-ed together.
  let codes = 0;
  let sextets = 0;
  let at = 0;
  for (let i = 0; i < whole; i += 4) {
    const [p, q, r, s] = [
      text.charCodeAt(i),
      text.charCodeAt(i + 1),
      text.charCodeAt(i + 2),
      text.charCodeAt(i + 3),
    ];
    const [a, b, c, d] = [values[p & 0xff]!, values[q & 0xff]!, values[r & 0xff]!, values[s & 0xff]!];
    codes |= p | q | r | s;
    sextets |= a | b | c | d;
    bytes[at] = (a << 2) | (b >> 4);
    bytes[at + 1] = (b << 4) | (c >> 2);
    bytes[at + 2] = (c << 6) | d;
    at += 3;
  }
  let group = 0;
  for (let i = whole; i < length; i++) {
    const code = text.charCodeAt(i);
    const sextet = values[code & 0xff]!;
    codes |= code;
    sextets |= sextet;
    group = (group << 6) | sextet;
  }
  if (codes > 0xff || sextets > 63) throw badCharacter(text);
  switch (length - whole) {
    case 1:
      throw new TokenBindingError(
        "base64url_length",
        `base64url: expected a length that is not 1 modulo 4, got ${length} characters`,
        { offset: whole },
      );
    case 2:
      if ((group & 15) !== 0) throw unusedBits(length);
      bytes[at++] = group >> 4;
      break;
    case 3:
      if ((group & 3) !== 0) throw unusedBits(length);
      bytes[at++] = group >> 10;
      bytes[at++] = group >> 2;
      break;
  }
  return bytes;
}

function unusedBits(length: number): TokenBindingError {
  return new TokenBindingError(
    "base64url_unused_bits",
    "base64url: expected the unused low bits of the last character to be 0",
    { offset: length - 1 },
  );
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
