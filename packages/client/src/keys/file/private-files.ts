import { constants, type Stats } from "node:fs";
import { type FileHandle, lstat, mkdir, open, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { TokenBindingError } from "@tokbind/codec";

/** Most bytes of a file that is read. */
export const maxFileSize = 128 * 1024;

// Windows has neither modes nor these flags, and opens no directories.
const isWindows = process.platform === "win32";
const { O_RDONLY, O_NOFOLLOW = 0, O_NONBLOCK = 0 } = constants as Partial<typeof constants>;

/** What is in a file, and when it was written (milliseconds since 1970). */
export interface FileContent {
  readonly text: string;
  readonly written: number;
}

/**
 * Makes a directory that is its owner's alone (mode 0700), or checks that it is one. A power cut leaves it there.
 *
 * @throws TokenBindingError `key_store`, as all functions here
 */
export async function makePrivateDirectory(directory: string): Promise<void> {
  const first = await mkdir(directory, { recursive: true, mode: 0o700 }).catch((error: unknown) => {
    throw storeError(directory, "cannot be made", error);
  });
  if (first !== undefined) {
    for (let made = directory; made.length >= first.length; made = dirname(made)) {
      await syncDirectory(dirname(made));
    }
  }
  await checkPrivateDirectory(directory);
}

/** Checks a directory, if there is one: whoever may write to it may replace the keys in it. */
export async function checkPrivateDirectory(directory: string): Promise<void> {
  const found = await lstat(directory).catch((error: unknown) => {
    if (isCode(error, "ENOENT")) return undefined;
    throw storeError(directory, "cannot be read", error);
  });
  if (found === undefined) return;
  if (!found.isDirectory()) throw storeError(directory, "is not a directory itself");
  checkOwner(directory, found, "set its mode to 0700, or mount a file system without modes with umask=077");
}

/**
 * What is in a file, undefined when there is none. Anything but a file of mode 0600 or less that belongs to this user
 * is refused, and nothing is waited for: a pipe in its place does not hold the caller up.
 */
export async function readPrivateFile(path: string): Promise<FileContent | undefined> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(path, O_RDONLY! | O_NOFOLLOW | O_NONBLOCK);
    const found = await handle.stat();
    if (!found.isFile()) throw storeError(path, "is not a file");
    checkOwner(path, found, "delete it to get a new key, or set its mode to 0600");
    if (found.size > maxFileSize) throw storeError(path, `is larger than ${maxFileSize} bytes`);
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(found.size));
    return { text: buffer.toString("utf8", 0, bytesRead), written: found.mtimeMs };
  } catch (error) {
    if (isCode(error, "ENOENT")) return undefined;
    if (error instanceof TokenBindingError) throw error;
    throw storeError(path, "cannot be read", error);
  } finally {
    await handle?.close();
  }
}

/** Makes what was made, renamed or removed in a directory outlast a power cut, where the system can do that. */
export async function syncDirectory(directory: string): Promise<void> {
  if (isWindows) return;
  let handle: FileHandle | undefined;
  try {
    handle = await open(directory, O_RDONLY);
    await handle.sync();
  } catch (error) {
    // Some network file systems have no such call, and a directory that may not be read cannot be opened.
    const isImpossible = ["EINVAL", "ENOTSUP", "ENOSYS", "EBADF", "EACCES", "EPERM", "ENOENT"];
    if (!isImpossible.some((code) => isCode(error, code))) {
      throw storeError(directory, "cannot be written", error);
    }
  } finally {
    await handle?.close();
  }
}

export async function removeFile(path: string): Promise<void> {
  await rm(path, { force: true }).catch((error: unknown) => {
    throw storeError(path, "cannot be deleted", error);
  });
}

export function storeError(path: string, what: string, cause?: unknown): TokenBindingError {
  const message = `key store: ${path} ${what}`;
  if (cause === undefined) return new TokenBindingError("key_store", message);
  const { code = "failed" } = cause as NodeJS.ErrnoException;
  return new TokenBindingError("key_store", `${message}: ${code}`, { cause });
}

export function isCode(error: unknown, code: string): boolean {
  return (error as NodeJS.ErrnoException).code === code;
}

function checkOwner(path: string, { mode, uid }: Stats, advice: string): void {
  if (isWindows) return;
  if (uid !== process.geteuid!()) throw storeError(path, "belongs to another user");
  if ((mode & 0o077) !== 0) throw storeError(path, `can be used by other users; ${advice}`);
}
