import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { setTimeout as delay } from "node:timers/promises";

const settling = 50;
const me = `${hostname()} ${process.pid}`;

/**
 * Does short work while no other process does any on the same file, by a file beside it, `FILE.lock`, that names who has
 * it. One that a process left behind when it was killed is taken over.
 *
 * @param patience - milliseconds to wait for another process
 * @throws Error when that is over
 */
export async function withFileLock<T>(file: string, work: () => T, patience = 10_000): Promise<T> {
  const lock = `${file}.lock`;
  for (const end = Date.now() + patience; !(await acquire(lock));) {
    if (Date.now() > end) {
      throw new Error(
        `${lock}: expected other processes to be done in ${patience / 1000} s; delete it if there are none`,
      );
    }
    await delay(5 + Math.random() * 20);
  }
  try {
    return work();
  } finally {
    rmSync(lock, { force: true });
  }
}

async function acquire(lock: string): Promise<boolean> {
  try {
    writeFileSync(lock, me, { flag: "wx", mode: 0o600 });
    return true;
  } catch (error) {
    if (codeOf(error) !== "EEXIST") throw error;
  }
  if (!isAbandoned(ownerOf(lock))) return false;
  // Whoever else finds it abandoned puts his name there too. The last name counts, after all have had the time.
  const own = `${lock}.${process.pid}`;
  writeFileSync(own, me, { mode: 0o600 });
  renameSync(own, lock);
  await delay(settling);
  return ownerOf(lock) === me;
}

function ownerOf(lock: string): string | undefined {
  try {
    return readFileSync(lock, "utf8");
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  }
}

/** Processes of other machines that share the directory cannot be asked. */
function isAbandoned(owner: string | undefined): boolean {
  const [host, pid] = (owner ?? "").split(" ");
  if (host !== hostname() || !/^\d+$/.test(pid ?? "")) return false;
  try {
    process.kill(Number(pid), 0);
    return false;
  } catch (error) {
    return codeOf(error) === "ESRCH";
  }
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}
