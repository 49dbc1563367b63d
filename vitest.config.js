import { defineConfig } from "vitest/config";

// Tests run on the TypeScript sources: every package offers them under this export condition. Not with "import" beside it,
// which would also choose what other people's packages get from `require`.
const conditions = ["@tokbind/source", "node"];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: conditions } },
  test: {
    include: ["packages/*/test/**/*.test.ts"],
    setupFiles: ["packages/testing/src/setup.ts"],
    pool: "forks",
    testTimeout: 30_000,
    // Read by packages/tools/conformance.js.
    reporters: ["default", ["json", { outputFile: "node_modules/.tokbind-test-report.json" }]],
  },
});
