// Makes a fresh clone ready: npm packages, the TLS addon, the compiled TypeScript. What is up to date is left
// alone, so that a second run takes a few seconds. Everything it says goes to standard error.

import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { pnpm } from "./pnpm.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const stamp = join(root, "node_modules", ".tokbind-installed");

/** @param {string} sentence */
function fail(sentence) {
  process.stderr.write(`setup: ${sentence}\n`);
  process.exit(1);
}

/** @param {string} what @param {string} command @param {string[]} args */
function run(what, command, args) {
  process.stderr.write(`setup: ${what} …\n`);
  const env = { ...process.env };
  // npm hands its settings down; this repository's "silent" is not meant for the steps of the set-up.
  delete env["npm_config_loglevel"];
  const { status, error, stdout } = spawnSync(command, args, {
    cwd: root,
    env,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
  });
  if (error) fail(`${what}: cannot run ${command}: ${error.message}`);
  if (status !== 0) {
    process.stderr.write(stdout);
    fail(`${what} failed; its messages are above`);
  }
}

function checkNode() {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return;
  fail(
    `Node 20.19 or newer is needed, this is ${process.version}: install it from nodejs.org and run again.`,
  );
}

/** Everything that decides what pnpm would install. */
function manifestHash() {
  const hash = createHash("sha256");
  const packages = [
    ...readdirSync(join(root, "packages")).map((name) => `packages/${name}`),
    "docs/examples",
  ];
  const manifests = packages.map((folder) => `${folder}/package.json`);
  for (const file of ["package.json", "pnpm-lock.yaml", "pnpm-workspace.yaml", ...manifests]) {
    if (existsSync(join(root, file))) hash.update(file).update(readFileSync(join(root, file)));
  }
  return hash.digest("hex");
}

checkNode();
if (!existsSync(stamp) || readFileSync(stamp, "utf8") !== manifestHash()) {
  const npx = process.platform === "win32" ? "npx.cmd" : "npx";
  run("installing the npm packages", npx, ["--yes", pnpm, "install", "--frozen-lockfile"]);
  writeFileSync(stamp, manifestHash());
}
run("building the TLS addon", process.execPath, ["packages/tls/native/build.js"]);
run("compiling the TypeScript", process.execPath, ["node_modules/typescript/bin/tsc", "-b"]);
