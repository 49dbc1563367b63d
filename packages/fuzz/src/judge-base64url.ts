// The judge's own base64url: by bits and a regular expression, where the codec works by groups and a table.

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/** The bytes of a text in the strict form of A-10, undefined of any other. */
export function judgeBase64url(text: string): Uint8Array | undefined {
  if (!/^[\w-]*$/.test(text)) return undefined;
  const bytes = new Uint8Array(Math.floor(text.length * 0.75));
  let bits = 0;
  let held = 0;
  let at = 0;
  for (const character of text) {
    held = (held << 6) | alphabet.indexOf(character);
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    bytes[at++] = held >> bits;
    held &= (1 << bits) - 1;
  }
  // What is left belongs to no byte: fewer than 6 bits, all of them 0.
  return bits < 6 && held === 0 ? bytes : undefined;
}

export function writeBase64url(bytes: Uint8Array): string {
  let text = "";
  let bits = 0;
  let held = 0;
  for (const byte of bytes) {
    held = ((held << 8) | byte) & 0xffff;
    bits += 8;
    for (; bits >= 6; bits -= 6) text += alphabet[(held >> (bits - 6)) & 63]!;
  }
  return bits === 0 ? text : text + alphabet[(held << (6 - bits)) & 63]!;
}
