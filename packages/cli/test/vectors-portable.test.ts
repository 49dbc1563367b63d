// Every vector that needs no TLS through the library with the portable backend.

import { describe, expect, test, vi } from "vitest";
import * as crypto from "@tokbind/crypto";
import * as portable from "../../crypto/src/portable/index.ts";
import { testCases, vectorFiles } from "./support/vectors.ts";

// Server and runner import @tokbind/crypto, which the condition "node" resolves to the other backend.
vi.mock("@tokbind/crypto", () => import("../../crypto/src/portable/index.ts"));

test("the portable backend is the one in use", () => {
  expect(crypto.importPublicKey).toBe(portable.importPublicKey);
});

const groups = ["verification", "id", "bound-cookie", "published-example"];
const files = vectorFiles.filter(({ group }) => groups.includes(group));

describe.each(files.map((file) => [file.path.replace(/^.*[/\\]/, ""), file] as const))(
  "portable, %s",
  (_name, file) => {
    testCases(file);
  },
);
