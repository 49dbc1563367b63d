// RFC 1320. NTLM is the one user; OpenSSL 3 has it in its legacy provider only, which Node does not load.

const initial = [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476];

type Round = readonly [
  f: (x: number, y: number, z: number) => number,
  constant: number,
  order: readonly number[],
  shifts: readonly number[],
];

const rounds: readonly Round[] = [
  [
    (x, y, z) => (x & y) | (~x & z),
    0,
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
    [3, 7, 11, 19],
  ],
  [
    (x, y, z) => (x & y) | (x & z) | (y & z),
    0x5a827999,
    [0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15],
    [3, 5, 9, 13],
  ],
  [
    (x, y, z) => x ^ y ^ z,
    0x6ed9eba1,
    [0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15],
    [3, 9, 11, 15],
  ],
];

/** The MD4 digest, 16 bytes. */
export function md4(message: Buffer): Buffer {
  const blocks = ((message.length + 8) >>> 6) + 1;
  const padded = Buffer.alloc(blocks * 64);
  message.copy(padded);
  padded[message.length] = 0x80;
  padded.writeBigUInt64LE(BigInt(message.length) * 8n, padded.length - 8);
  const state = Uint32Array.from(initial);
  for (let at = 0; at < padded.length; at += 64) {
    let [a, b, c, d] = state as unknown as [number, number, number, number];
    for (const [f, constant, order, shifts] of rounds) {
      for (const [step, word] of order.entries()) {
        const sum = (a + f(b, c, d) + padded.readUInt32LE(at + word * 4) + constant) | 0;
        const shift = shifts[step & 3]!;
        [a, b, c, d] = [d, (sum << shift) | (sum >>> (32 - shift)), b, c];
      }
    }
    state.set([state[0]! + a, state[1]! + b, state[2]! + c, state[3]! + d]);
  }
  const digest = Buffer.alloc(16);
  for (const [index, word] of state.entries()) digest.writeUInt32LE(word, index * 4);
  return digest;
}
