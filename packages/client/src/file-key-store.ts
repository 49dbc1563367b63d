import { createHash, randomUUID } from "node:crypto";
import { type FileHandle, link, mkdir, open, readdir, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type KeyParameters, keyParametersCodes, TokenBindingError } from "@tokbind/codec";
import {
  exportPrivateJwk,
  generateKey,
  importPrivateJwk,
  type Jwk,
  type TokenBindingKey,
} from "@tokbind/crypto";
import type { TokenBindingKeyStore } from "./token-binding-key-store.ts";

/** Content of a key file. The scope stands in it because the file name does not show it. */
interface Entry {
  readonly scope: string;
  readonly jwk: Jwk;
}

/**
 * Keys in a directory that only its owner may enter (mode 0700), one file of mode 0600 per scope and key
 * parameters, with a JWK inside. Processes can share it: they end up with one key, and each sees at once that
 * another one has deleted it. Whoever can read the files has the keys; where that is not enough, implement
 * {@link TokenBindingKeyStore} over hardware.
 *
 * All methods throw TokenBindingError `key_store` when the directory or a file cannot be used, and `get` throws
 * `key_import` when a file holds no such key. The message names the file and never shows what is in it.
 *
 * @example
 * const agent = new TokenBindingAgent({ keyStore: new FileKeyStore(join(homedir(), ".my-client", "keys")) });
 */
export class FileKeyStore implements TokenBindingKeyStore {
  readonly #directory: string;
  readonly #loading = new Map<string, Promise<TokenBindingKey>>();
  readonly #loaded = new Map<string, { readonly text: string; readonly key: TokenBindingKey }>();

  /** @param directory - made when the first key is; its parent directories too */
  constructor(directory: string) {
    this.#directory = directory;
  }

  get(scope: string, keyParameters: KeyParameters): Promise<TokenBindingKey> {
    const file = this.#file(scope, keyParameters);
    let key = this.#loading.get(file);
    if (key === undefined) {
      key = this.#getOrCreate(file, scope, keyParameters).finally(() => this.#loading.delete(file));
      this.#loading.set(file, key);
    }
    return key;
  }

  async delete(scope: string): Promise<void> {
    const all = Object.keys(keyParametersCodes) as KeyParameters[];
    await Promise.all(all.map((keyParameters) => this.#remove(this.#file(scope, keyParameters))));
  }

  async clear(): Promise<void> {
    const names = await readdir(this.#directory).catch((error: unknown) => {
      if (isCode(error, "ENOENT")) return [];
      throw storeError(this.#directory, "cannot be read", error);
    });
    // With what a process that died left half done; files of others stay.
    const own = names.filter((name) => /^[0-9a-f]{64}\.json/.test(name));
    await Promise.all(own.map((name) => this.#remove(join(this.#directory, name))));
  }

  // A hash, because a scope may be any string: no name leaves the directory, is too long, or differs from
  // another in case only.
  #file(scope: string, keyParameters: KeyParameters): string {
    const name = createHash("sha256")
      .update(JSON.stringify([scope, keyParameters]))
      .digest("hex");
    return join(this.#directory, `${name}.json`);
  }

  async #getOrCreate(file: string, scope: string, keyParameters: KeyParameters): Promise<TokenBindingKey> {
    // Another process may make the file after the look, or clear the directory before the key is in it.
    for (let attempt = 0; attempt < maxAttempts; attempt++) {
      const text = (await readPrivateFile(file)) ?? (await this.#create(file, scope, keyParameters));
      if (text === undefined) continue;
      const loaded = this.#loaded.get(file);
      if (loaded?.text === text) return loaded.key;
      const key = await importEntry(file, text, scope, keyParameters);
      this.#loaded.set(file, { text, key });
      return key;
    }
    throw storeError(file, "cannot be made: it is there at one moment and not at the next");
  }

  /** Makes the file with its whole content at once; undefined when something came in between. */
  async #create(file: string, scope: string, keyParameters: KeyParameters): Promise<string | undefined> {
    await this.#makeDirectory();
    const key = await generateKey(keyParameters, { extractable: true });
    const entry: Entry = { scope, jwk: await exportPrivateJwk(key) };
    const text = `${JSON.stringify(entry, undefined, 2)}\n`;
    const temporary = `${file}.${randomUUID()}`;
    try {
      await writeFile(temporary, text, { mode: 0o600, flag: "wx" });
      // Not rename: that would replace the key of another process.
      await link(temporary, file);
      return text;
    } catch (error) {
      if (isCode(error, "EEXIST") || isCode(error, "ENOENT")) return undefined;
      throw storeError(file, "cannot be written", error);
    } finally {
      await rm(temporary, { force: true });
    }
  }

  async #makeDirectory(): Promise<void> {
    const directory = this.#directory;
    let mode: number;
    try {
      await mkdir(directory, { recursive: true, mode: 0o700 });
      ({ mode } = await stat(directory));
    } catch (error) {
      throw storeError(directory, "cannot be made", error);
    }
    if (hasModes && (mode & 0o022) !== 0) {
      throw storeError(directory, "can be written to by other users; set its mode to 0700");
    }
  }

  async #remove(file: string): Promise<void> {
    // Else a key that is on its way would be there again after it was deleted.
    await this.#loading.get(file)?.catch(() => undefined);
    this.#loaded.delete(file);
    await rm(file, { force: true }).catch((error: unknown) => {
      throw storeError(file, "cannot be deleted", error);
    });
  }
}

const maxAttempts = 20;
const hasModes = process.platform !== "win32";

async function readPrivateFile(file: string): Promise<string | undefined> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(file, "r");
    const { mode } = await handle.stat();
    if (!hasModes || (mode & 0o077) === 0) return await handle.readFile("utf8");
  } catch (error) {
    if (isCode(error, "ENOENT")) return undefined;
    throw storeError(file, "cannot be read", error);
  } finally {
    await handle?.close();
  }
  throw storeError(file, "can be read by other users; delete it to get a new key, or set its mode to 0600");
}

async function importEntry(
  file: string,
  text: string,
  scope: string,
  keyParameters: KeyParameters,
): Promise<TokenBindingKey> {
  const wanted = `${file}: expected the ${keyParameters} key of ${JSON.stringify(scope)}`;
  const advice = "; delete the file to get a new key";
  let entry: Partial<Entry> | null;
  try {
    entry = JSON.parse(text) as typeof entry;
  } catch {
    // The cause is left out: it quotes the text, which may be a key.
    throw new TokenBindingError("key_import", `${wanted}, got no JSON${advice}`);
  }
  if (entry?.scope !== scope) {
    throw new TokenBindingError("key_import", `${wanted}, got that of another scope${advice}`);
  }
  try {
    return await importPrivateJwk(entry.jwk ?? {}, keyParameters);
  } catch (cause) {
    throw new TokenBindingError("key_import", `${wanted}, got another key${advice}`, { cause });
  }
}

function storeError(path: string, what: string, cause?: unknown): TokenBindingError {
  const message = `key store: ${path} ${what}`;
  if (cause === undefined) return new TokenBindingError("key_store", message);
  const { code = "failed" } = cause as NodeJS.ErrnoException;
  return new TokenBindingError("key_store", `${message}: ${code}`, { cause });
}

function isCode(error: unknown, code: string): boolean {
  return (error as NodeJS.ErrnoException).code === code;
}
