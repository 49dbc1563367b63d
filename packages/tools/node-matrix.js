// Runs tests on every supported Node version, or on those whose major numbers are given as arguments.

import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const workspace = fileURLToPath(new URL("../..", import.meta.url));
const npx = process.platform === "win32" ? "npx.cmd" : "npx";

/** Sets the exit code. @param {string[]} tests folders or beginnings of files, relative to the workspace */
export function testOnEveryNode(...tests) {
  const majors = process.argv.length > 2 ? process.argv.slice(2) : ["20", "22", "24", "26"];
  const failed = majors.filter((major) => !passes(tests, major));
  process.stdout.write(
    failed.length > 0 ? `failed on Node ${failed.join(", ")}\n` : "passed on every Node\n",
  );
  process.exitCode = failed.length > 0 ? 1 : 0;
}

/** @param {string[]} tests @param {string} major */
function passes(tests, major) {
  // The npm package "node" brings the binary.
  const { stdout } = spawnSync(
    npx,
    ["--yes", "--package", `node@${major}`, "node", "--print", "process.execPath"],
    { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] },
  );
  const node = stdout.trim();
  const about = spawnSync(node, [
    "-p",
    "`Node ${process.versions.node}, OpenSSL ${process.versions.openssl}`",
  ]);
  process.stdout.write(`\n== ${about.stdout}`);
  const { status } = spawnSync(
    node,
    ["node_modules/vitest/vitest.mjs", "run", ...tests, "--reporter=default"],
    { cwd: workspace, stdio: "inherit" },
  );
  return status === 0;
}
