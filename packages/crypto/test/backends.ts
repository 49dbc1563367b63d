import * as node from "../src/node/index.ts";
import * as portable from "../src/portable/index.ts";

/** One entry of the package; both have this shape. */
export type Backend = typeof node;

/** Both backends, by the name that stands in the titles of the tests. */
export const backends: readonly (readonly [name: string, backend: Backend])[] = [
  ["node", node],
  ["portable", portable],
];

/** The two entries must offer the same names with the same types: this line does not compile otherwise. */
export const sameShape: typeof node extends typeof portable
  ? typeof portable extends typeof node
    ? true
    : never
  : never = true;
