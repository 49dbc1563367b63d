// Packs every public package as npm would get it and looks at what is inside: publint for its manifest,
// are-the-types-wrong for what TypeScript makes of it. ESM only is our choice, so that one is not reported.

import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));
const bin = (/** @type {string} */ name) => join(root, "node_modules", ".bin", name);
const target = mkdtempSync(join(tmpdir(), "tokbind-pack-"));

try {
  for (const folder of readdirSync(join(root, "packages"))) {
    const cwd = join(root, "packages", folder);
    const manifest = JSON.parse(readFileSync(join(cwd, "package.json"), "utf8"));
    if (manifest.private) continue;
    process.stderr.write(`check-packages: ${manifest.name}\n`);
    execFileSync(bin("publint"), ["--strict", "--pack", "npm"], { cwd, stdio: "inherit" });
    if (manifest.exports === undefined) continue;
    const packed = execFileSync("npm", ["pack", "--json", "--pack-destination", target], { cwd, encoding: "utf8" });
    const [{ filename }] = JSON.parse(packed);
    execFileSync(bin("attw"), [join(target, filename), "--profile", "esm-only", "--quiet"], { stdio: "inherit" });
  }
} finally {
  rmSync(target, { recursive: true });
}
