import { expect, test } from "vitest";
import { backends, sameShape } from "./backends.ts";

test("both entries export the same names with the same types", () => {
  const [node, portable] = backends.map(([, backend]) => Object.keys(backend).sort());
  expect(sameShape).toBe(true);
  expect(portable).toEqual(node);
});
