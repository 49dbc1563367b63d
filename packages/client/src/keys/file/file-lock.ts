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
    let seen = "";
    let since = performance.now();
    while (!(await take(own, lock))) {
      const holders = await readdir(lock).catch(() => []);
      if (holders.join() !== seen) {
        seen = holders.join();
        since = performance.now();
      } else if (performance.now() - since > abandonedAfter) await release(lock, holders);
      await setTimeout(pollInterval);
    }
  } catch (error) {
    await release(own, [holder]);
    throw error;
  }
}

async function take(own: string, lock: string): Promise<boolean> {
  try {
    await rename(own, lock);
    return true;
  } catch (error) {
    // There is one, in the words of POSIX, Linux and Windows.
    const isTaken = ["ENOTEMPTY", "EEXIST", "EPERM", "EACCES"].some((code) => isCode(error, code));
    if (
      isTaken &&
      (await readdir(lock).then(
        () => true,
        () => false,
      ))
    )
      return false;
    throw error;
  }
}

async function release(lock: string, holders: readonly string[]): Promise<void> {
  for (const holder of holders) await removeFile(join(lock, holder));
  // Not empty when another process has it by now.
  await rmdir(lock).catch(() => undefined);
}
