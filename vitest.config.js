import { defineConfig } from "vitest/config";

// Tests run on the TypeScript sources: every package offers them under this export condition. No "import" beside it: Node
// would apply it to require() as well, and CommonJS packages that require an ES module of two kinds would get the wrong one.
const conditions = ["@tokbind/source", "node"];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: conditions } },
  test: {
    include: ["packages/*/test/**/*.test.ts"],
    setupFiles: ["packages/testing/src/setup.ts"],
    pool: "forks",
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // Read by packages/tools/conformance.js.
    reporters: ["default", ["json", { outputFile: "node_modules/.tokbind-test-report.json" }]],
  },
});
