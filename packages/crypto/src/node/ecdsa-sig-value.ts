// Tag and length of the SEQUENCE, then twice tag and length of an INTEGER, a zero and 32 bytes.
const memory = Buffer.alloc(2 + 2 * (2 + 1 + 32));
// To cut off a part anew each time would cost more than to write it.
const parts = Array.from({ length: memory.length + 1 }, (_, length) => memory.subarray(0, length));

/**
 * An ECDSA signature in the form that OpenSSL takes, the Ecdsa-Sig-Value of RFC 3279 section 2.2.3. node:crypto can
 * convert it too (`dsaEncoding`), but takes 1 % of a verification for that.
 *
 * @param signature - 64 bytes, R then S
 * @returns 8 to 72 bytes of DER, in memory that the next call writes to
 */
export function ecdsaSigValue(signature: Uint8Array): Uint8Array {
  const s = writeInteger(2, signature, 0);
  const end = writeInteger(s, signature, 32);
  memory[0] = 0x30;
  memory[1] = end - 2;
  return parts[end]!;
}

/** Writes the 32-byte number that begins at `from` as an INTEGER; returns where that ends. */
function writeInteger(at: number, signature: Uint8Array, from: number): number {
  const last = from + 31;
  let i = from;
  while (i < last && signature[i] === 0) i++;
  let end = at + 2;
  // A leading zero keeps a set top bit from being the sign.
  if (signature[i]! >= 0x80) memory[end++] = 0;
  while (i <= last) memory[end++] = signature[i++]!;
  memory[at] = 0x02;
  memory[at + 1] = end - at - 2;
  return end;
}
