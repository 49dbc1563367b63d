import { join, spliced, toBytes, toNumber } from "./bytes.ts";
import type { Binding, Vector } from "./message-tree.ts";
import type { Random } from "./random.ts";

// Of P-256, SEC 2 section 2.4.2.
const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
const prime = 0xffffffff00000001000000000000000000000000ffffffffffffffffffffffffn;

/** Edits a signature as a number: what a verifier must accept (n - S) and what it must not. */
export function mutateSignature(random: Random, { keyParameters, key, signature }: Binding): void {
  const bytes = leaf(signature);
  const modulus = keyParameters < 2 ? toNumber(leaf(key)) : order;
  const [r, s] = keyParameters < 2 ? [new Uint8Array(), bytes] : [bytes.subarray(0, 32), bytes.subarray(32)];
  const edited = random.pick([
    () => join(r, edit(random, s, modulus)),
    () => join(r, toBytes(modulus - toNumber(s), s.length)),
    () => join(edit(random, r, modulus), s),
    () => join(s, r),
    () => join(edit(random, r, modulus), edit(random, s, modulus)),
    () => derSignature(r, s),
  ]);
  setLeaf(signature, edited());
}

/** Edits a public key as numbers: other names for the same key, and keys that nobody may use. */
export function mutateKey(random: Random, { keyParameters, key }: Binding): void {
  if (keyParameters === 2) {
    const point = leaf(key);
    setLeaf(key, random.pick(pointEdits)(point.subarray(0, 32), point.subarray(32), random));
    return;
  }
  const numbers = key.parts.filter((part) => !(part instanceof Uint8Array)) as Vector[];
  if (numbers.length === 0) return;
  const number = random.pick(numbers);
  const modulus = numbers[0] === number ? 1n << 2048n : 1n << 32n;
  const content = leaf(number);
  const edited = random.pick([
    () => edit(random, content, modulus),
    () => join(Uint8Array.of(0), content),
    () => content.subarray(1),
    () =>
      toBytes(random.pick([1n, 2n, 3n, 4n, 65537n, (1n << 32n) - 1n, (1n << 32n) + 1n]), 1 + random.below(6)),
  ]);
  setLeaf(number, edited());
}

type PointEdit = (x: Uint8Array, y: Uint8Array, random: Random) => Uint8Array;

const pointEdits: readonly PointEdit[] = [
  (x, y) => join(y, x),
  (x, y) => join(x, toBytes(prime - toNumber(y), 32)),
  (x, y) => join(toBytes(toNumber(x) + prime, 32), y),
  (x, y, random) => join(edit(random, x, prime), edit(random, y, prime)),
  (x, y, random) => join(x, edit(random, y, prime)),
  (x, y) => join(Uint8Array.of(4), x, y),
  (x, y) => join(Uint8Array.of(2 + (y[31]! & 1)), x),
  (x, y) => join(Uint8Array.of(0), x, Uint8Array.of(0), y),
  () => new Uint8Array(64),
];

/** A number in as many bytes as before. */
function edit(random: Random, bytes: Uint8Array, modulus: bigint): Uint8Array {
  const old = toNumber(bytes);
  const small = BigInt(random.below(4));
  return toBytes(
    random.pick([
      old + modulus,
      old - small,
      old + small,
      small,
      modulus,
      modulus - small,
      modulus + small,
      -1n,
    ]),
    bytes.length,
  );
}

/** ECDSA-Sig-Value of RFC 3279 section 2.2.3, as X.509 has it; filled up to what the format demands. */
function derSignature(r: Uint8Array, s: Uint8Array): Uint8Array {
  const integers = [r, s].map((number) => join(Uint8Array.of(2, number.length + 1, 0), number));
  return join(Uint8Array.of(0x30, 2 * (s.length + 3)), ...integers);
}

/** The first byte string inside. */
function leaf({ parts }: Vector): Uint8Array {
  const [first] = parts;
  if (first === undefined) return new Uint8Array();
  return first instanceof Uint8Array ? first : leaf(first);
}

function setLeaf(vector: Vector, bytes: Uint8Array): void {
  const [first] = vector.parts;
  if (first === undefined || first instanceof Uint8Array) vector.parts[0] = bytes;
  else setLeaf(first, bytes);
}

/** Flips a bit, sets a byte, or takes away or adds a few. */
export function mutateString(random: Random, bytes: Uint8Array): Uint8Array {
  const at = random.below(bytes.length + 1);
  const old = bytes[at] ?? 0;
  const few = 1 + random.below(random.pick([1, 4, 80]));
  return random.pick([
    () => spliced(bytes, at, 1, Uint8Array.of(old ^ (1 << random.below(8)))),
    () => spliced(bytes, at, 1, Uint8Array.of(random.pick([0, 1, 2, 3, 64, 65, 127, 128, 254, 255]))),
    () => spliced(bytes, at, few),
    () => spliced(bytes, at, 0, random.oneIn(2) ? new Uint8Array(few) : random.bytes(few)),
    () => bytes.subarray(0, at),
    () => bytes.subarray(at),
  ])();
}
