// Runs this package's tests, and those of channel bindings, with one and the same binary, on every supported Node version.
//
//   node scripts/matrix.js [major …]     default: 20 22 24 26

import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const workspace = fileURLToPath(new URL("../../..", import.meta.url));
const majors = process.argv.length > 2 ? process.argv.slice(2) : ["20", "22", "24", "26"];
// What Node's TLS sockets say of themselves differs between versions as well.
const tests = ["packages/tls", "packages/channel-binding/test/channel-binding"];
const npx = process.platform === "win32" ? "npx.cmd" : "npx";

const failed = [];
for (const major of majors) {
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
  if (status !== 0) failed.push(major);
}
process.stdout.write(failed.length > 0 ? `failed on Node ${failed.join(", ")}\n` : "passed on every Node\n");
process.exitCode = failed.length > 0 ? 1 : 0;
