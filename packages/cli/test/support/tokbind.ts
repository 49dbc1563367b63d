import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";

const executable = fileURLToPath(new URL("../../../../tokbind", import.meta.url));

function start(args: string[]): ChildProcess {
  return spawn(process.execPath, [executable, ...args], { stdio: ["pipe", "pipe", "pipe"] });
}

/** Runs a script of bash, in which `tokbind` is ./tokbind. The exit code is that of the first command that fails. */
export async function shell(script: string): Promise<Finished> {
  const preamble = `set -o pipefail; tokbind() { "${process.execPath}" "${executable}" "$@"; };`;
  return finished(spawn("bash", ["-c", `${preamble} ${script}`], { stdio: ["ignore", "pipe", "pipe"] }));
}

export interface Finished {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs ./tokbind as a shell would. */
export async function tokbind(args: string[], input: string | Uint8Array = ""): Promise<Finished> {
  const child = start(args);
  // A program that ends early reads no more.
  child.stdin!.on("error", () => undefined).end(input);
  return finished(child);
}

async function finished(child: ChildProcess): Promise<Finished> {
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout!),
    text(child.stderr!),
    once(child, "close") as Promise<[number]>,
  ]);
  return { code, stdout, stderr };
}

/** Runs `tokbind serve` until the test is over, and returns its URL. */
export async function serve(...args: string[]): Promise<string> {
  const child = start(["serve", "--json", "--port", "0", ...args]);
  onTestFinished(async () => {
    child.kill();
    await once(child, "close");
  });
  const [line] = (await once(createInterface(child.stdout!), "line")) as [string];
  const { url, listening } = JSON.parse(line) as { url: string; listening: number };
  if (url !== `https://localhost:${listening}/`) throw new Error(`unexpected first line: ${line}`);
  return url;
}
