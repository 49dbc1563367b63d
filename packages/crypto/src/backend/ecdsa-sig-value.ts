/**
 * An ECDSA signature in the form that OpenSSL takes, the Ecdsa-Sig-Value of RFC 3279 section 2.2.3. node:crypto can
 * convert it too (`dsaEncoding`), but on Node 24 that makes a verification take half as long again.
 *
 * @param signature - 64 bytes, R then S
 * @returns 8 to 72 bytes of DER
 */
export function ecdsaSigValue(signature: Uint8Array): Uint8Array {
  const value = new Uint8Array(72);
  const s = writeInteger(value, 2, signature, 0);
  const end = writeInteger(value, s, signature, 32);
  value[0] = 0x30;
  value[1] = end - 2;
  return value.subarray(0, end);
}

/** Writes the 32-byte number that begins at `from` as an INTEGER; returns where that ends. */
function writeInteger(to: Uint8Array, at: number, signature: Uint8Array, from: number): number {
  const last = from + 31;
  let i = from;
  while (i < last && signature[i] === 0) i++;
  let end = at + 2;
  // A leading zero keeps a set top bit from being the sign.
  if (signature[i]! >= 0x80) to[end++] = 0;
  while (i <= last) to[end++] = signature[i++]!;
  to[at] = 0x02;
  to[at + 1] = end - at - 2;
  return end;
}
