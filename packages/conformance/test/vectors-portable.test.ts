// Every vector that needs no TLS through the library with the portable backend.

import { generateKey } from "@tokbind/crypto";
import { describe, expect, test, vi } from "vitest";
import { byName, testCases, vectorFiles } from "./support/vectors.ts";

// Server and runner import @tokbind/crypto, whose import #backend the condition "node" resolves to the other one.
vi.mock("../../crypto/src/backend/node.ts", () => import("../../crypto/src/backend/portable.ts"));

test("the portable backend is the one in use", async () => {
  vi.stubGlobal("crypto", undefined);
  await expect(generateKey("ecdsap256")).rejects.toMatchObject({ code: "unsupported_runtime" });
  vi.unstubAllGlobals();
});

const groups = ["verification", "id", "bound-cookie", "published-example"];
const files = vectorFiles.filter(({ group }) => groups.includes(group));

describe.each(byName(files))("portable, %s", (_name, file) => {
  testCases(file);
});
