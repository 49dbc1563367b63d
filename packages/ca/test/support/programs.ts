import { spawnSync } from "node:child_process";

/** What a program said, on both ends, and its exit code. */
export interface Said {
  readonly code: number | null;
  readonly text: string;
}

export function run(program: string, args: readonly string[], input: string | Uint8Array = ""): Said {
  const { status, stdout, stderr } = spawnSync(program, args, { input, maxBuffer: 2 ** 28, timeout: 20_000 });
  return { code: status, text: `${stdout.toString()}${stderr.toString()}` };
}

export const openssl = (args: readonly string[], input: string | Uint8Array = "") =>
  run("openssl", args, input);

/** Whether a program is there; where one is missing, the tests with it are skipped. */
export function has(program: string, debianPackage: string): boolean {
  const isThere =
    spawnSync("sh", ["-c", `command -v ${program}`], { env: { PATH: searchPath } }).status === 0;
  if (!isThere)
    process.stderr.write(`skipped: tests of @tokbind/ca need ${program} (Debian: ${debianPackage})\n`);
  return isThere;
}

/** With what Debian keeps for root. */
export const searchPath = `${process.env["PATH"] ?? ""}:/usr/sbin:/sbin`;
