import fc from "fast-check";

/** One change to a byte string: the ways in which a message gets broken, by accident or not. */
export const mutation = fc.oneof(
  fc.record({ kind: fc.constant("flip" as const), at: fc.nat(), by: fc.integer({ min: 0, max: 255 }) }),
  fc.record({ kind: fc.constant("fill" as const), at: fc.nat(), by: fc.constantFrom(0, 255) }),
  fc.record({ kind: fc.constant("insert" as const), at: fc.nat(), by: fc.integer({ min: 0, max: 255 }) }),
  fc.record({ kind: fc.constant("cut" as const), at: fc.nat(), by: fc.constant(0) }),
);
export type Mutation = typeof mutation extends fc.Arbitrary<infer T> ? T : never;

export function mutate(bytes: Uint8Array, { kind, at, by }: Mutation): Uint8Array {
  const i = at % (bytes.length + 1);
  switch (kind) {
    case "flip":
      return bytes.map((byte, j) => (j === i ? byte ^ by : byte));
    case "fill":
      return bytes.map((byte, j) => (j >= i ? by : byte));
    case "insert":
      return Uint8Array.of(...bytes.subarray(0, i), by, ...bytes.subarray(i));
    case "cut":
      return bytes.slice(0, i);
  }
}
