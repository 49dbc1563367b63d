import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const source = fileURLToPath(new URL("../src/generate-key.ts", import.meta.url));

// Asks the resolver of Vite, which bundlers share, because Node itself always sets the condition "node".
test.each([
  ["a browser", ["browser"], "/dist/backend/portable.js"],
  ["Node", ["node"], "/dist/backend/node.js"],
  ["a browser, from the sources", ["@tokbind/source", "browser"], "/src/backend/portable.ts"],
  ["Node, from the sources", ["@tokbind/source", "node"], "/src/backend/node.ts"],
])("#backend is the one for %s", async (_, conditions, file) => {
  const { createViteServer } = await import("vitest/node");
  const server = await createViteServer({
    configFile: false,
    logLevel: "silent",
    resolve: { conditions },
    server: { middlewareMode: true, ws: false, watch: null },
    optimizeDeps: { noDiscovery: true },
  });
  const found = await server.environments.client.pluginContainer.resolveId("#backend", source);
  await server.close();
  expect(found?.id.slice(-file.length)).toBe(file);
});
