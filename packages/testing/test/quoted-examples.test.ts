import { describe, expect, test } from "vitest";
import { pages, read } from "./support/pages.ts";

// Code that the documentation takes from an example says so in the first line of its block:
//
//   ```js title="docs/examples/server.js#imports,server"
//
// The names after # are regions of that file; a blank line stands between them. Without # it is the whole file.

const quotes = pages.flatMap((page) =>
  [...read(page).matchAll(/^```\w+ title="([^"#]+)(?:#([^"]+))?"\n([^]*?)^```$/gm)].map(
    ([, file = "", regions, code = ""]) => ({ page, file, regions: regions?.split(","), code }),
  ),
);

function region(text: string, name: string): string {
  const found = new RegExp(`^// #region ${name}\n([^]*?)^// #endregion$`, "m").exec(text)?.[1];
  if (found === undefined) throw new Error(`no region ${name}`);
  return found;
}

describe("what the documentation takes from an example is in that example", () => {
  test.each(quotes)("$page: $file $regions", ({ file, regions, code }) => {
    const text = read(file);
    expect(code).toBe(regions?.map((name) => region(text, name)).join("\n") ?? text);
  });

  test("no block of code is left out because its first line reads differently", () => {
    const marked = pages.flatMap((page) => read(page).match(/^ *`{3,}.*docs\/examples.*$/gm) ?? []);
    expect(quotes).toHaveLength(marked.length);
    expect(quotes.length).toBeGreaterThan(0);
  });
});
