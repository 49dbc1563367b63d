import { type FileHandle, open, readFile, rm } from "node:fs/promises";
import { text } from "node:stream/consumers";
import { TokenBindingError } from "@tokbind/codec";

/** A file that a command writes. */
export interface NewFile {
  readonly path: string;
  readonly mode: number;
}

export const certificateFile = (prefix: string): NewFile => ({ path: `${prefix}.cert.pem`, mode: 0o644 });
export const keyFile = (prefix: string): NewFile => ({ path: `${prefix}.key.pem`, mode: 0o600 });
export const pkcs12File = (prefix: string): NewFile => ({ path: `${prefix}.p12`, mode: 0o600 });

/**
 * Makes new files out of what `work` returns, one content for each. They are opened before: nothing is issued that has no
 * place to go to, and what is there already is left alone.
 *
 * @throws TokenBindingError `ca_state`
 */
export async function writeNewFiles(
  files: readonly NewFile[],
  work: () => Promise<readonly (string | Uint8Array)[]>,
): Promise<void> {
  const handles: FileHandle[] = [];
  try {
    for (const { path, mode } of files) {
      handles.push(await open(path, "wx", mode).catch((cause: unknown) => refuse(path, "written", cause)));
    }
    const contents = await work();
    for (const [i, handle] of handles.entries()) {
      await handle
        .writeFile(contents[i]!)
        .catch((cause: unknown) => refuse(files[i]!.path, "written", cause));
      await handle.sync();
    }
  } catch (error) {
    for (const { path } of files.slice(0, handles.length)) await rm(path, { force: true });
    throw error;
  } finally {
    for (const handle of handles) await handle.close();
  }
}

/** Text of a file. */
export function readText(path: string): Promise<string> {
  return readFile(path, "utf8").catch((cause: unknown) => refuse(path, "read", cause));
}

export function readBytes(path: string): Promise<Uint8Array> {
  return readFile(path).catch((cause: unknown) => refuse(path, "read", cause));
}

/** The first line of a file, or of standard input for "-". */
export async function readPassphrase(path: string | undefined): Promise<string | undefined> {
  if (path === undefined) return undefined;
  const [line = ""] = (path === "-" ? await text(process.stdin) : await readText(path)).split(/\r?\n/);
  if (line !== "") return line;
  throw new TokenBindingError(
    "invalid_argument",
    `${path}: expected a passphrase in the first line, got none`,
  );
}

function refuse(path: string, what: string, cause: unknown): never {
  const { code = "failed" } = cause as NodeJS.ErrnoException;
  const advice = code === "EEXIST" ? "; nothing is overwritten: choose another name, or delete it" : "";
  throw new TokenBindingError("ca_state", `${path} cannot be ${what}: ${code}${advice}`, { cause });
}
