// Every vector through the library with the Node backend; handshakes and field values live as well.

import { describe, expect, test } from "vitest";
import { byName, testCases, vectorFiles } from "./support/vectors.ts";

test("there are at least 300 vectors, good and bad ones in every generated file", () => {
  expect(vectorFiles.reduce((sum, { tests }) => sum + tests.length, 0)).toBeGreaterThanOrEqual(300);
  for (const { group, tests } of vectorFiles) {
    if (group === "published-example") continue;
    expect(new Set(tests.map(({ result }) => result)).size).toBe(2);
  }
});

describe.each(byName(vectorFiles))("%s", (_name, file) => {
  testCases(file);
});
