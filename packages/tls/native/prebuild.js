// Puts the binary for this platform where a published package looks for it: prebuilds/linux-x64/….
// Runs before every "npm pack"; binaries of other platforms, built there in the same way, may lie beside it.

import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const arch = process.env["npm_config_arch"] ?? process.arch;
// With --force: what lies there may be of another compiler.
const build = [join(root, "native", "build.js"), ...(arch === process.arch ? [] : ["--force"])];
const { status } = spawnSync(process.execPath, build, { stdio: "inherit" });
if (status !== 0) process.exit(1);

const report = /** @type {{ header: { glibcVersionRuntime?: string } }} */ (process.report.getReport());
const isGlibc = report.header.glibcVersionRuntime !== undefined;
const libc = process.platform === "linux" ? (isGlibc ? ".glibc" : ".musl") : "";
const folder = join(root, "prebuilds", `${process.platform}-${arch}`);
mkdirSync(folder, { recursive: true });
copyFileSync(join(root, "build/Release/token_binding.node"), join(folder, `token_binding.napi${libc}.node`));
