// Runs this package's tests and a short soak with the addon under AddressSanitizer and UndefinedBehaviorSanitizer
// (Linux, gcc). Node itself is not instrumented, so leaks are left to the addon's own count and to valgrind.js.

import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const workspace = join(root, "../..");

/** @param {string[]} args @param {NodeJS.ProcessEnv} env */
function run(args, env = {}) {
  const { status } = spawnSync(process.execPath, args, {
    cwd: workspace,
    stdio: "inherit",
    env: { ...process.env, ...env },
  });
  if (status !== 0) process.exit(1);
}

run([join(root, "native/build.js"), "--sanitize"]);
const { stdout } = spawnSync(process.env["CC"] || "cc", ["-print-file-name=libasan.so"], {
  encoding: "utf8",
});
const library = stdout.trim();
if (!existsSync(library)) {
  process.stderr.write("The C compiler has no libasan.so: install gcc's sanitizer library.\n");
  process.exit(1);
}
const sanitized = {
  LD_PRELOAD: library,
  ASAN_OPTIONS: "detect_leaks=0:abort_on_error=1",
  UBSAN_OPTIONS: "print_stacktrace=1:halt_on_error=1",
  TOKBIND_ADDON: join(root, "build/sanitize/token_binding.node"),
};
run(
  ["node_modules/vitest/vitest.mjs", "run", "packages/tls", "--testTimeout=120000", "--reporter=default"],
  sanitized,
);
run([join(root, "scripts/soak.js"), "1000"], sanitized);
