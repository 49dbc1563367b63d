import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { addonPaths, packageDirectory } from "../src/addon-paths.ts";

test("in the package: what was built there, then what was packed, of either libc", () => {
  const root = mkdtempSync(join(tmpdir(), "tokbind-addon-"));
  onTestFinished(() => {
    rmSync(root, { recursive: true });
  });
  mkdirSync(join(root, "dist"));
  const moduleUrl = pathToFileURL(join(root, "dist", "native.js")).href;
  const [built, ...packed] = addonPaths({ moduleUrl, override: undefined });
  expect(built).toBe(join(root, "build", "Release", "token_binding.node"));
  const tags = process.platform === "linux" ? [".glibc", ".musl"] : [""];
  const folder = join(root, "prebuilds", `${process.platform}-${process.arch}`);
  expect(packed).toEqual(tags.map((tag) => join(folder, `token_binding.napi${tag}.node`)));
  expect(packageDirectory(moduleUrl)).toBe(root);
  expect(packageDirectory(import.meta.url)).toBe(dirname(dirname(fileURLToPath(import.meta.url))));
});

test("TOKBIND_ADDON is the only place when it is set, and no place when it is empty", () => {
  const moduleUrl = import.meta.url;
  expect(addonPaths({ moduleUrl, override: "/some/where.node" })).toEqual(["/some/where.node"]);
  expect(addonPaths({ moduleUrl, override: "" })).toEqual(addonPaths({ moduleUrl, override: undefined }));
});

// CommonJS of esbuild, of a bundler that rewrites it, of one that hides it.
test.each([[undefined], [""], ["webpack://app/native.js"]])(
  "nowhere when import.meta.url is %j",
  (moduleUrl) => {
    expect(packageDirectory(moduleUrl)).toBeUndefined();
    expect(addonPaths({ moduleUrl, override: undefined })).toEqual([]);
  },
);
