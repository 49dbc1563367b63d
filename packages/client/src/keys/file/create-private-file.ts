import { randomUUID } from "node:crypto";
import { link, lstat, open, rename } from "node:fs/promises";
import { dirname } from "node:path";
import { TokenBindingError } from "@tokbind/codec";
import { withLock } from "./file-lock.ts";
import { isCode, removeFile, storeError, syncDirectory } from "./private-files.ts";

// What link() fails with on FAT, exFAT, SMB and the like; EISDIR is libuv's word for it on Windows.
const withoutHardLinks = ["EPERM", "EACCES", "ENOTSUP", "ENOSYS", "EISDIR"];

/**
 * Makes a file of mode 0600 with its whole content at once, and never replaces one. Whoever sees the file may rely on it
 * being there, whole, after a power cut: when this returns, whatever it returns, both are on disk.
 *
 * @param lock - path of the lock that is used where the file system has no hard links
 * @returns false when there is one already, or the directory has gone
 * @throws TokenBindingError `key_store`
 */
export async function createPrivateFile(path: string, text: string, lock: string): Promise<boolean> {
  const temporary = `${path}.${randomUUID()}`;
  try {
    await writeSynced(temporary, text);
    const isMade = await place(temporary, path, lock);
    await syncDirectory(dirname(path));
    return isMade;
  } catch (error) {
    if (isCode(error, "ENOENT")) return false;
    throw error instanceof TokenBindingError ? error : storeError(path, "cannot be written", error);
  } finally {
    await removeFile(temporary);
  }
}

async function writeSynced(path: string, text: string): Promise<void> {
  const handle = await open(path, "wx", 0o600);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Not rename alone: that would replace the file of another process. */
async function place(temporary: string, path: string, lock: string): Promise<boolean> {
  try {
    await link(temporary, path);
    return true;
  } catch (error) {
    if (isCode(error, "EEXIST")) return false;
    if (!withoutHardLinks.some((code) => isCode(error, code))) throw error;
  }
  return withLock(lock, async () => {
    if (await exists(path)) return false;
    await rename(temporary, path);
    return true;
  });
}

async function exists(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    (error: unknown) => {
      if (isCode(error, "ENOENT")) return false;
      throw error;
    },
  );
}
