import { createHash } from "node:crypto";
import { readdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { defaultKeyParameters, type KeyParameters } from "@tokbind/codec";
import { checkOptions } from "@tokbind/codec/options";
import { generateKey, type TokenBindingKey } from "@tokbind/crypto";
import { decodeEntry, encodeEntry } from "./key-entry.ts";
import {
  checkPrivateDirectory,
  createPrivateFile,
  isCode,
  makePrivateDirectory,
  maxFileSize,
  readPrivateFile,
  removeFile,
  storeError,
} from "./private-files.ts";
import type { TokenBindingKeyStore } from "./token-binding-key-store.ts";

/** Options of {@link FileKeyStore}. */
export interface FileKeyStoreOptions {
  /** Made, with its parents, when the first key is. A relative path is resolved at once. */
  readonly directory: string;
}

const maxAttempts = 20;

/**
 * Keys in a directory that only its owner may enter (mode 0700), one file of mode 0600 per scope and key
 * parameters, with a JWK inside. Processes can share it: they end up with one key, and each sees at once that
 * another one has deleted it. Whoever can read the files has the keys; where that is not enough, implement
 * {@link TokenBindingKeyStore} over hardware.
 *
 * All methods throw TokenBindingError `key_store` when the directory or a file cannot be used, or others can use it, and
 * `get` throws `key_import` when a file holds no such key. The message names the file and never shows what is in it.
 *
 * @example
 * const keyStore = new FileKeyStore({ directory: join(homedir(), ".my-client", "keys") });
 * const agent = new TokenBindingAgent({ keyStore });
 */
export class FileKeyStore implements TokenBindingKeyStore {
  readonly #directory: string;
  readonly #loading = new Map<string, Promise<TokenBindingKey>>();
  readonly #loaded = new Map<string, { readonly text: string; readonly key: TokenBindingKey }>();

  /** @throws TokenBindingError `invalid_argument` for unknown options and impossible values */
  constructor(options: FileKeyStoreOptions) {
    checkOptions("FileKeyStore", options, { directory: isPath });
    this.#directory = resolve(options.directory);
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
    const files = defaultKeyParameters.map((keyParameters) => this.#file(scope, keyParameters));
    await this.#remove((path) => files.some((file) => path === file || path.startsWith(`${file}.`)));
  }

  async clear(): Promise<void> {
    // Files of others stay.
    await this.#remove((path) => /[\\/][0-9a-f]{64}\.json(\..+)?$/.test(path));
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
      await checkPrivateDirectory(this.#directory);
      const text = (await readPrivateFile(file)) ?? (await this.#create(file, scope, keyParameters));
      if (text === undefined) continue;
      const loaded = this.#loaded.get(file);
      if (loaded?.text === text) return loaded.key;
      const key = await decodeEntry(file, text, scope, keyParameters);
      this.#loaded.set(file, { text, key });
      return key;
    }
    throw storeError(file, "cannot be made: it keeps appearing and disappearing");
  }

  /** Undefined when another process made the file, or cleared the directory, in between. */
  async #create(file: string, scope: string, keyParameters: KeyParameters): Promise<string | undefined> {
    await makePrivateDirectory(this.#directory);
    const text = await encodeEntry(scope, await generateKey(keyParameters, { extractable: true }));
    if (Buffer.byteLength(text) > maxFileSize)
      throw storeError(file, "cannot be made: the scope is too long");
    return (await createPrivateFile(file, text)) ? text : undefined;
  }

  /** With what a process that died left half done: its files hold private keys too. */
  async #remove(isMeant: (path: string) => boolean): Promise<void> {
    // Otherwise a key that is on its way would be there again after it was deleted.
    await Promise.allSettled([...this.#loading].filter(([file]) => isMeant(file)).map(([, key]) => key));
    for (const file of this.#loaded.keys()) if (isMeant(file)) this.#loaded.delete(file);
    const paths = (await this.#names()).map((name) => join(this.#directory, name));
    await Promise.all(paths.filter(isMeant).map(removeFile));
  }

  async #names(): Promise<readonly string[]> {
    return readdir(this.#directory).catch((error: unknown) => {
      if (isCode(error, "ENOENT")) return [];
      throw storeError(this.#directory, "cannot be read", error);
    });
  }
}

const isPath = {
  expected: "a path",
  test: (value: unknown) => typeof value === "string" && value !== "",
  required: true,
};
