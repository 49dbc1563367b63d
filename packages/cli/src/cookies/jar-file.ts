import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  type Stats,
  writeFileSync,
} from "node:fs";

/** Most bytes of a jar. */
const maxSize = 4 * 1024 * 1024;

const hasModes = process.platform !== "win32";

/** Where the content of a file is: a link is kept, and what it leads to is replaced. */
export function targetOf(file: string): string {
  try {
    return realpathSync(file);
  } catch (error) {
    if (isMissing(error)) return file;
    throw error;
  }
}

/** The text of a file that its owner alone can read, undefined when there is none. A pipe is not waited for. */
export function readJarFile(file: string): string | undefined {
  let descriptor: number;
  try {
    descriptor = openSync(file, constants.O_RDONLY | (hasModes ? constants.O_NONBLOCK : 0));
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
  try {
    const unfit = unfitness(fstatSync(descriptor));
    if (unfit !== undefined) throw new Error(`${file}: ${unfit}`);
    return readFileSync(descriptor, "utf8");
  } finally {
    closeSync(descriptor);
  }
}

/** Replaces a file, or makes one of mode 0600: at every moment, also of a power cut, it is whole. Under a lock. */
export function writeJarFile(file: string, text: string): void {
  if (Buffer.byteLength(text) > maxSize)
    throw new Error(`${file}: expected cookies of at most ${maxSize} bytes`);
  const fresh = `${file}.new`;
  rmSync(fresh, { force: true });
  const descriptor = openSync(fresh, "wx", 0o600);
  try {
    writeFileSync(descriptor, text);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  renameSync(fresh, file);
}

/** Why cookies must not lie in a file, and what to do; undefined when they may. */
function unfitness(stats: Stats): string | undefined {
  const { mode, uid, size } = stats;
  if (!stats.isFile()) return "expected a regular file";
  if (size > maxSize) return `expected at most ${maxSize} bytes`;
  if (hasModes && uid !== process.geteuid!())
    return "the cookies belong to another user; name a file of your own";
  if (hasModes && (mode & 0o077) !== 0)
    return "other users can use the cookies; chmod 600 it if they have not";
  return undefined;
}

function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === "ENOENT";
}
