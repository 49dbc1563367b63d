import { fstatSync, readSync, statSync, writeSync } from "node:fs";

/** Standard output could not be written: a pipe that nobody reads any more, a disk that is full. */
export class OutputError extends Error {
  override readonly name = "OutputError";
  /** Whether the reader has gone, as `head` does when it has enough. */
  readonly isClosed: boolean;

  constructor(cause: unknown) {
    const { code = "failed", message } = cause as NodeJS.ErrnoException;
    super(`standard output cannot be written: ${message}`, { cause });
    this.isClosed = code === "EPIPE" || code === "ERR_STREAM_DESTROYED";
  }
}

// Each failed write is told to its caller; without listeners the event would end the process with a stack trace.
process.stdout.on("error", () => undefined);
process.stderr.on("error", () => undefined);

/**
 * Writes to standard output, all of it.
 *
 * @throws OutputError
 */
export async function print(data: string | Uint8Array): Promise<void> {
  const bytes = typeof data === "string" ? Buffer.from(data) : data;
  try {
    if (isFile()) writeWhole(bytes);
    else await writeToStream(bytes);
  } catch (error) {
    throw new OutputError(error);
  }
}

/** Writes to standard error; there is nobody to tell when that fails. */
export function warn(text: string): void {
  try {
    process.stderr.write(text);
  } catch {
    // Written to a file, it throws instead of emitting the event.
  }
}

/**
 * Whether standard output was closed before this process started. Node opens /dev/null in its place, for reading too,
 * which `> /dev/null` in a shell does not.
 */
export function isOutputClosed(): boolean {
  try {
    return fstatSync(1).rdev === statSync("/dev/null").rdev && readSync(1, Buffer.alloc(1)) === 0;
  } catch {
    return false;
  }
}

function isFile(): boolean {
  const stats = fstatSync(1);
  return stats.isFile() || (stats.isCharacterDevice() && !process.stdout.isTTY);
}

// Node's stream over a file takes a write for done of which the system has written the first part only.
function writeWhole(bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length;) at += writeSync(1, bytes, at);
}

function writeToStream(bytes: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(bytes, (error) => {
      if (error) reject(error);
      else resolve();
    });
  });
}
