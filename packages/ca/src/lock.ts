import { createHash, randomUUID } from "node:crypto";
import { readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { TokenBindingError } from "@tokbind/codec";
import { fileError } from "./errors.ts";

/**
 * One at a time, among all processes that use a directory. Each announces itself by a file of a name of its own, then looks:
 * whoever sees the file of another one that lives withdraws and tries again. Of two at once at least the one that looks last
 * sees the other, so never two go on. The file of a process that has died says so by its name, and since names are never
 * used twice, anybody may delete it at any time.
 */
export async function withLock<T>(directory: string, work: () => Promise<T>): Promise<T> {
  const deadline = Date.now() + patience;
  for (;;) {
    // A look beforehand, so that those who wait don't make each other withdraw.
    let rival = liveRival(directory);
    if (rival === undefined) {
      const own = `lock.${machine}.${boot}.${process.pid}.${startOf(process.pid)!}.${randomUUID()}`;
      announce(directory, own);
      try {
        rival = liveRival(directory, own);
        if (rival === undefined) return await work();
      } finally {
        rmSync(join(directory, own), { force: true });
      }
    }
    if (Date.now() > deadline) throw busy(directory, rival);
    await wait(1 + Math.random() * 20);
  }
}

/** How long others may take, in milliseconds. */
const patience = 60_000;

function announce(directory: string, own: string): void {
  try {
    writeFileSync(join(directory, own), "", { flag: "wx", mode: 0o600 });
  } catch (cause) {
    throw fileError("ca_state", directory, "cannot be written to", cause);
  }
}

function liveRival(directory: string, own?: string): string | undefined {
  for (const name of namesIn(directory)) {
    if (name === own || !name.startsWith("lock.")) continue;
    if (isAlive(name)) return name;
    rmSync(join(directory, name), { force: true });
  }
  return undefined;
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch (cause) {
    throw fileError("ca_state", directory, "cannot be read", cause);
  }
}

/** Of another machine, or of another container, nothing is known: its processes live until somebody knows better. */
function isAlive(name: string): boolean {
  const [, theirMachine, theirBoot, pid, start] = name.split(".");
  if (theirMachine !== machine) return true;
  return theirBoot === boot && startOf(Number(pid)) === start;
}

/** When a process started, in a unit of the system's; undefined when there is none of that number. */
function startOf(pid: number): string | undefined {
  try {
    if (process.platform === "linux") {
      // State and start time, fields 3 and 22; the second one, a name in parentheses, may hold anything.
      const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
      const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      return fields[0] === "Z" ? undefined : fields[19];
    }
    process.kill(pid, 0);
    return "0";
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM" ? "0" : undefined;
  }
}

const machine = shortHash(firstOf(() => readFileSync("/etc/machine-id", "utf8"), hostname) + pidNamespace());
const boot = shortHash(
  firstOf(
    () => readFileSync("/proc/sys/kernel/random/boot_id", "utf8"),
    () => "",
  ),
);

function pidNamespace(): string {
  return firstOf(
    () => readlinkSync("/proc/self/ns/pid"),
    () => "",
  );
}

function firstOf(read: () => string, otherwise: () => string): string {
  try {
    return read();
  } catch {
    return otherwise();
  }
}

function shortHash(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 16);
}

function busy(directory: string, rival: string): TokenBindingError {
  const [, theirMachine, , pid] = rival.split(".");
  const place = theirMachine === machine ? "" : " of another machine or container";
  return new TokenBindingError(
    "ca_state",
    `${directory} is in use by process ${pid}${place} for more than ${patience / 1000} seconds; ` +
      `if that process is gone, delete ${join(directory, rival)}`,
  );
}
