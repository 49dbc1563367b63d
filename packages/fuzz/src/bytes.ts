/** Joins byte strings. */
export function join(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** The number that big-endian bytes stand for. */
export function toNumber(bytes: Uint8Array): bigint {
  return BigInt(`0x0${Buffer.from(bytes).toString("hex")}`);
}

/** The lowest bytes of a number, big-endian. */
export function toBytes(number: bigint, length: number): Uint8Array {
  const hex = BigInt.asUintN(8 * length, number).toString(16);
  return Uint8Array.from(Buffer.from(hex.padStart(2 * length, "0"), "hex"));
}

/** Whether two byte strings are the same. */
export function same(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

/** `bytes` with `removed` bytes at `at` replaced. */
export function spliced(
  bytes: Uint8Array,
  at: number,
  removed: number,
  inserted: Uint8Array = new Uint8Array(),
): Uint8Array {
  return join(bytes.subarray(0, at), inserted, bytes.subarray(at + removed));
}
