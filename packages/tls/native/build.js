// Builds native/*.c into build/Release/token_binding.node with $CC or cc, and nothing else: no node-gyp, no headers
// but those of node-api-headers. Does nothing when the binary is newer than its sources.
//
//   node native/build.js [--force]     build/Release/token_binding.node
//   node native/build.js --sanitize    build/sanitize/token_binding.node, with AddressSanitizer

import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, renameSync, rmSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const native = dirname(fileURLToPath(import.meta.url));
const sanitize = process.argv.includes("--sanitize");
const folder = join(native, "..", "build", sanitize ? "sanitize" : "Release");
const binary = join(folder, "token_binding.node");

/** @param {string} file */
function changed(file) {
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

/** @param {string} sentence @returns {never} */
function fail(sentence) {
  process.stderr.write(`${sentence}\n`);
  process.exit(1);
}

const inputs = readdirSync(native).map((name) => join(native, name));
if (!process.argv.includes("--force") && inputs.every((file) => changed(file) < changed(binary)))
  process.exit(0);

const { include_dir: headers } = createRequire(import.meta.url)("node-api-headers");
const compiler = process.env["CC"] || "cc";
mkdirSync(folder, { recursive: true });
// Several processes may build at once: each writes a file of its own and puts it in place whole.
const unfinished = `${binary}.${process.pid}`;
const { status, error } = spawnSync(
  compiler,
  [
    ...["-std=c11", "-O2", "-fPIC", "-fvisibility=hidden", `-I${headers}`],
    ...["-Wall", "-Wextra", "-Wpedantic", "-Wshadow", "-Wconversion", "-Werror", "-Wno-unused-parameter"],
    ...(sanitize ? ["-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-g", "-DBUCKETS=8"] : []),
    ...(process.platform === "darwin"
      ? ["-bundle", "-undefined", "dynamic_lookup"]
      : // A worker's exit would unload the code that OpenSSL still calls.
        ["-shared", "-Wl,-z,nodelete"]),
    ...["-o", unfinished, ...inputs.filter((file) => file.endsWith(".c"))],
  ],
  { stdio: ["ignore", "inherit", "inherit"] },
);
if (error) {
  fail(
    `No C compiler "${compiler}": install one (Debian and Ubuntu: apt-get install gcc libc6-dev; Fedora: dnf install gcc; ` +
      "Alpine: apk add gcc musl-dev; macOS: xcode-select --install) or name one in $CC.",
  );
}
if (status !== 0) {
  rmSync(unfinished, { force: true });
  fail(`${compiler} could not compile packages/tls/native/*.c; its messages are above.`);
}
renameSync(unfinished, binary);
