// Runs the soak with a few connections under valgrind and fails on every error, leaks included, that has the addon in
// its stack. V8 itself is full of what valgrind cannot validate, so everything else is left out. The soak fails by
// itself when a block of the addon's memory is left.

import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const soak = fileURLToPath(new URL("soak.js", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "tokbind-valgrind-"));
const report = join(folder, "report.xml");
const { error, status, stdout, stderr } = spawnSync(
  "valgrind",
  [
    ...["--xml=yes", `--xml-file=${report}`, "--leak-check=full", "--show-leak-kinds=definite"],
    ...["--num-callers=30", "--smc-check=all-non-file", process.execPath, "--jitless", soak, "200"],
  ],
  { encoding: "utf8", maxBuffer: 2 ** 28 },
);
if (error) {
  process.stderr.write(`Cannot run valgrind: ${error.message}\n`);
  process.exit(1);
}
process.stdout.write(stdout);
process.stderr.write(stderr);
const errors = readFileSync(report, "utf8").split("<error>").slice(1);
rmSync(folder, { recursive: true });
const ours = errors.filter((text) => text.includes("token_binding.node"));
for (const text of ours) process.stdout.write(text);
process.stdout.write(
  `valgrind: ${errors.length} reports, ${ours.length} of them with the addon in the stack\n`,
);
process.exitCode = ours.length === 0 && status === 0 ? 0 : 1;
