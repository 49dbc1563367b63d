import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { pages, read, root } from "./support/pages.ts";

const links = pages.flatMap((page) =>
  [...read(page).matchAll(/\]\(([^)\s#]+)[^)]*\)/g)]
    .map(([, target = ""]) => ({ page, target }))
    .filter(({ target }) => !/^https?:/.test(target)),
);

test("every link between pages leads somewhere", () => {
  expect(links.length).toBeGreaterThan(20);
  expect(links.filter(({ page, target }) => !existsSync(join(root, dirname(page), target)))).toEqual([]);
});

test("the page of a published package links to nothing that is not published with it", () => {
  expect(links.filter(({ page }) => /^packages\/\w+\/README\.md$/.test(page))).toEqual([]);
});
