// What needs a process of its own; these run on the built package.

import { execFile } from "node:child_process";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, onTestFinished, test } from "vitest";

const packageDirectory = fileURLToPath(new URL("..", import.meta.url));

const tracing = fileURLToPath(new URL("support/trace.js", import.meta.url));

const run = (args: string[], env: Record<string, string> = {}) =>
  promisify(execFile)(process.execPath, args, { cwd: packageDirectory, env: { ...process.env, ...env } });

/** Prints the error that turning Token Binding on ends with. */
const attempt = `
  import { createSecureContext } from "node:tls";
  import { withTokenBinding } from "@tokbind/tls";
  try {
    withTokenBinding(() => createSecureContext());
    console.log("works");
  } catch ({ code, message }) {
    console.log(code + ": " + message);
  }`;
const attempting = (flags: string[], env?: Record<string, string>) =>
  run([...flags, "--input-type=module", "--eval", attempt], env);

test("cluster: two processes share a port", async () => {
  const { stdout } = await run([fileURLToPath(new URL("support/cluster.js", import.meta.url))]);
  expect(stdout).toBe("2 processes\n");
});

test("enableTrace still traces the whole handshake", async () => {
  const { stdout, stderr } = await run([tracing]);
  expect(stdout).toBe("ecdsap256\n");
  for (const message of ["ClientHello", "ServerHello", "Finished"]) expect(stderr).toContain(message);
});

test("[A-20] a client does not offer Token Binding in a renegotiation", async () => {
  const { stderr } = await run([tracing, "renegotiate"]);
  expect(stderr.match(/ClientHello, Length/g)).toHaveLength(2);
  expect(stderr.match(/extension_type=\w+\(24\)/g)).toHaveLength(1);
});

test("the first context of a process is covered, and --frozen-intrinsics is no obstacle", async () => {
  expect((await attempting([])).stdout).toBe("works\n");
  expect((await attempting(["--frozen-intrinsics"])).stdout).toBe("works\n");
});

test("without a binary the error names the command that builds it, and in a bundle what to do there", async () => {
  const folder = mkdtempSync(join(packageDirectory, "build", "copy-"));
  onTestFinished(() => {
    rmSync(folder, { recursive: true });
  });
  for (const name of ["dist", "package.json", "native"]) {
    cpSync(join(packageDirectory, name), join(folder, name), { recursive: true });
  }
  const copy = attempt.replace('"@tokbind/tls"', JSON.stringify(join(folder, "dist/index.js")));
  const attemptingCopy = () => run(["--input-type=module", "--eval", copy], { TOKBIND_ADDON: "" });
  expect((await attemptingCopy()).stdout).toMatch(
    /^unsupported_runtime: @tokbind\/tls has no binary for node .*native\/build\.js"/,
  );
  // A bundle takes the JavaScript along and nothing else.
  rmSync(join(folder, "native"), { recursive: true });
  expect((await attemptingCopy()).stdout).toMatch(/^unsupported_runtime: .*bundle.*TOKBIND_ADDON/);
});

test("TOKBIND_ADDON names the binary", async () => {
  const file = join(packageDirectory, "build/Release/token_binding.node");
  expect((await attempting([], { TOKBIND_ADDON: file })).stdout).toBe("works\n");
  expect((await attempting([], { TOKBIND_ADDON: "build/Release/token_binding.node" })).stdout).toBe(
    "works\n",
  );
  const { stdout } = await attempting([], { TOKBIND_ADDON: file + ".old" });
  expect(stdout).toMatch(
    /^unsupported_runtime: TOKBIND_ADDON: .*token_binding\.node\.old, which does not exist/,
  );
  const wrong = await attempting([], { TOKBIND_ADDON: tracing });
  expect(wrong.stdout).toMatch(
    /^unsupported_runtime: @tokbind\/tls cannot load its addon into node .*trace\.js/,
  );
});

test("under the permission model the error names the flag", async () => {
  const permission = process.allowedNodeEnvironmentFlags.has("--permission")
    ? "--permission"
    : "--experimental-permission";
  const flags = ["--no-warnings", permission, "--allow-fs-read=*"];
  expect((await attempting(flags)).stdout).toMatch(/^unsupported_runtime: .*--allow-addons/);
  expect((await attempting([...flags, "--allow-addons"])).stdout).toBe("works\n");
});
