import * as codec from "@tokbind/codec";
import { vi } from "vitest";
import * as node from "../src/index.ts";

/** The package, over one backend. */
export type Package = typeof node;

// A second copy of the package, for which the import `#backend` leads elsewhere. The codec stays the same one, so that
// both copies throw the same class.
vi.resetModules();
vi.doMock("@tokbind/codec", () => codec);
vi.doMock("../src/backend/node.ts", () => import("../src/backend/portable.ts"));
const portable = await import("../src/index.ts");

/** The package over either backend, by the name that stands in the titles of the tests. */
export const backends: readonly (readonly [name: string, copy: Package])[] = [
  ["node", node],
  ["portable", portable],
];
