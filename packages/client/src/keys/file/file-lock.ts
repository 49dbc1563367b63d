import { randomUUID } from "node:crypto";
import { mkdir, readdir, rename, rmdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { isCode, removeFile } from "./private-files.ts";

// A lock is held for a few system calls, so one that does not change for this long was left by a process that died.
const abandonedAfter = 5_000;
const pollInterval = 10;

/**
 * Runs an action while no other process runs one under the same lock.
 *
 * The lock is a directory with a file in it that names its holder. A directory is renamed to one that is not there or
 * is empty, and never to another: so a lock appears with its holder's name, on every file system, and whoever removes
 * an abandoned one removes that one only.
 *
 * @throws what the file system does when the lock cannot be made
 */
export async function withLock<T>(lock: string, action: () => Promise<T>): Promise<T> {
  const holder = randomUUID();
  await acquire(lock, holder);
  try {
    return await action();
  } finally {
    await release(lock, [holder]);
  }
}

async function acquire(lock: string, holder: string): Promise<void> {
  const own = `${lock}.${holder}`;
  try {
    await mkdir(own, { mode: 0o700 });
    await writeFile(join(own, holder), "");
    let seen: string | undefined;
    let since = performance.now();
    for (let refusal = await take(own, lock); refusal !== undefined; refusal = await take(own, lock)) {
      const holders = await readdir(lock).catch(() => undefined);
      const state = holders?.join();
      if (state !== seen) {
        seen = state;
        since = performance.now();
      } else if (performance.now() - since > abandonedAfter) {
        if (holders === undefined) throw refusal;
        await release(lock, holders);
      }
      await setTimeout(pollInterval);
    }
  } catch (error) {
    await release(own, [holder]);
    throw error;
  }
}

/** Why the lock cannot be taken, most likely because somebody has it; undefined when it has been. */
async function take(own: string, lock: string): Promise<Error | undefined> {
  try {
    await rename(own, lock);
    return undefined;
  } catch (error) {
    // What systems say of a directory that is not empty, and some of any directory.
    const isTaken = ["ENOTEMPTY", "EEXIST", "EPERM", "EACCES"].some((code) => isCode(error, code));
    if (isTaken) return error as Error;
    throw error;
  }
}

async function release(lock: string, holders: readonly string[]): Promise<void> {
  for (const holder of holders) await removeFile(join(lock, holder));
  // Not empty when another process has it by now.
  await rmdir(lock).catch(() => undefined);
}
