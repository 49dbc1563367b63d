import { constants } from "node:fs";
import { type FileHandle, open, rm } from "node:fs/promises";
import { TokenBindingError } from "@tokbind/codec";
import { exportPrivateJwk, importPrivateJwk, type Jwk, type TokenBindingKey } from "@tokbind/crypto";

// A private JWK with RSA takes some 1,700 bytes.
const maxLength = 16_384;
const hasModes = process.platform !== "win32";

/** A private key as the text of its JWK; `alg` tells the two uses of an RSA key apart. */
export async function formatKey(key: TokenBindingKey): Promise<string> {
  return `${JSON.stringify(await exportPrivateJwk(key), undefined, 2)}\n`;
}

/**
 * Writes a key to a new file that only its owner may read. A file, or a link, that is there already is left alone.
 *
 * @throws TokenBindingError `key_store`
 */
export async function writeKeyFile(file: string, text: string): Promise<void> {
  let handle: FileHandle;
  try {
    handle = await open(file, "wx", 0o600);
  } catch (cause) {
    const advice = isCode(cause, "EEXIST")
      ? "; no key is overwritten: choose another name, or delete it"
      : "";
    throw new TokenBindingError(
      "key_store",
      `${file}: the key cannot be written: ${reasonOf(cause)}${advice}`,
      {
        cause,
      },
    );
  }
  try {
    await handle.writeFile(text);
    await handle.sync();
  } catch (cause) {
    await rm(file, { force: true });
    throw new TokenBindingError("key_store", `${file}: the key cannot be written: ${reasonOf(cause)}`, {
      cause,
    });
  } finally {
    await handle.close();
  }
}

/**
 * Reads a key that `tokbind keygen` wrote. No error shows what is in the file.
 *
 * @throws TokenBindingError `key_store` when others could have the key, `key_import` when it is none
 */
export async function readKeyFile(file: string): Promise<TokenBindingKey> {
  const text = await readPrivateFile(file);
  try {
    return await importPrivateJwk({ ...(JSON.parse(text) as Jwk) });
  } catch (error) {
    // The messages of other errors, and the causes of all, may quote the text, which may be a key.
    const reason = error instanceof TokenBindingError ? error.message : "it is not JSON of a key";
    throw new TokenBindingError("key_import", `${file}: expected a key from "tokbind keygen": ${reason}`);
  }
}

/**
 * The text of a file with a secret.
 *
 * @throws TokenBindingError `key_store` when others could have read it
 */
export async function readPrivateFile(file: string): Promise<string> {
  let handle: FileHandle | undefined;
  try {
    // Without waiting for somebody to write, should it be a pipe.
    handle = await open(file, constants.O_RDONLY | (hasModes ? constants.O_NONBLOCK : 0));
    const unfit = await unfitness(handle);
    if (unfit !== undefined) throw new TokenBindingError("key_store", `${file}: ${unfit}`);
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(maxLength + 1), 0);
    if (bytesRead > maxLength) {
      throw new TokenBindingError(
        "key_import",
        `${file}: expected a key of at most ${maxLength} bytes, got more`,
      );
    }
    return buffer.toString("utf8", 0, bytesRead);
  } catch (cause) {
    if (cause instanceof TokenBindingError) throw cause;
    throw new TokenBindingError("key_store", `${file}: the key cannot be read: ${reasonOf(cause)}`, {
      cause,
    });
  } finally {
    await handle?.close();
  }
}

/** Why a private key must not lie in a file, and what to do; undefined when it may. */
async function unfitness(handle: FileHandle): Promise<string | undefined> {
  const stats = await handle.stat();
  if (!stats.isFile()) return "expected a regular file";
  if (!hasModes) return undefined;
  if (stats.uid !== process.geteuid!()) return "the key belongs to another user; make one of your own";
  if ((stats.mode & 0o077) === 0) return undefined;
  return "other users can use the key; make a new one if they may have, or chmod 600 it";
}

function reasonOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? "failed";
}

function isCode(error: unknown, code: string): boolean {
  return reasonOf(error) === code;
}
