import { constants } from "node:fs";
import { type FileHandle, lstat, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { TokenBindingError } from "@tokbind/codec";
import { fileError, isCode } from "./errors.ts";

// Windows has neither modes nor these flags.
const hasModes = process.platform !== "win32";
const { O_RDONLY, O_NONBLOCK = 0 } = constants as Partial<typeof constants>;
const maxKeyFileSize = 64 * 1024;

/** Modes of new files. */
export const modes = { secret: 0o600, open: 0o644 };

/** Writes a file that is not there yet, and has it on disk. */
export async function createFile(path: string, content: string | Uint8Array, mode: number): Promise<void> {
  let handle: FileHandle;
  try {
    handle = await open(path, "wx", mode);
  } catch (cause) {
    if (isCode(cause, "EEXIST"))
      throw fileError("ca_state", path, "exists already, and nothing is overwritten");
    throw fileError("ca_state", path, "cannot be written", cause);
  }
  try {
    await handle.writeFile(content);
    await handle.sync();
  } catch (cause) {
    await rm(path, { force: true }).catch(() => undefined);
    throw fileError("ca_state", path, "cannot be written", cause);
  } finally {
    await handle.close();
  }
}

/** Puts a file in the place of another one, whole: whoever reads sees the old one or the new one, also after a crash. */
export async function replaceFile(path: string, content: string | Uint8Array, mode: number): Promise<void> {
  const temporary = `${path}.new`;
  // What a process that died left.
  await rm(temporary, { force: true });
  await createFile(temporary, content, mode);
  await rename(temporary, path).catch((cause: unknown) => {
    throw fileError("ca_state", path, "cannot be replaced", cause);
  });
  await syncDirectory(dirname(path));
}

/** Has the names of a directory on disk. */
export async function syncDirectory(directory: string): Promise<void> {
  if (!hasModes) return;
  const handle = await open(directory, O_RDONLY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Whoever may write to the directory of a CA may put another one in its place. */
export async function checkDirectory(directory: string): Promise<void> {
  const found = await lstat(directory).catch((cause: unknown) => {
    throw fileError("ca_state", directory, "cannot be read", cause);
  });
  if (!found.isDirectory()) throw fileError("ca_state", directory, "is not a directory itself");
  if (hasModes && (found.mode & 0o022) !== 0) {
    throw fileError("ca_state", directory, "can be written to by other users; chmod go-w it");
  }
}

/** Reads a private key's file, unless others can read it as well. */
export async function readKeyFile(path: string): Promise<string> {
  let handle: FileHandle | undefined;
  try {
    // Without waiting for somebody to write, should it be a pipe.
    handle = await open(path, O_RDONLY! | O_NONBLOCK);
    const found = await handle.stat();
    if (!found.isFile() || found.size > maxKeyFileSize) {
      throw fileError("key_store", path, `is not a file of at most ${maxKeyFileSize} bytes`);
    }
    if (hasModes && (found.mode & 0o077) !== 0) {
      throw fileError("key_store", path, "can be read by other users; chmod 600 it, or replace the key");
    }
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(found.size), 0);
    return buffer.toString("utf8", 0, bytesRead);
  } catch (error) {
    if (error instanceof TokenBindingError) throw error;
    throw fileError("key_store", path, "cannot be read", error);
  } finally {
    await handle?.close();
  }
}
