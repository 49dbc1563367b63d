import { createHash } from "node:crypto";
import { lstat, readdir, rm } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { defaultKeyParameters, type KeyParameters } from "@tokbind/codec";
import { checkOptions, type OptionRule } from "@tokbind/codec/options";
import { generateKey, type TokenBindingKey } from "@tokbind/crypto";
import { createPrivateFile } from "./file/create-private-file.ts";
import { withLock } from "./file/file-lock.ts";
import { decodeAnyEntry, decodeEntry, encodeEntry, type EntryFile } from "./file/key-entry.ts";
import type { Passphrase } from "./file/passphrase.ts";
import { keyFileName, PassphraseFile } from "./file/passphrase-file.ts";
import {
  checkPrivateDirectory,
  isCode,
  makePrivateDirectory,
  maxFileSize,
  readPrivateFile,
  storeError,
  syncDirectory,
} from "./file/private-files.ts";
import { type CreationTimes, isExpired, isMaxAge, within } from "./lifetime.ts";
import type { StoredKey } from "./stored-key.ts";
import type { TokenBindingKeyStore } from "./token-binding-key-store.ts";

/** Options of {@link FileKeyStore}. */
export interface FileKeyStoreOptions {
  /** Made, with its parents, when the first key is. A relative path is resolved at once. */
  readonly directory: string;
  /**
   * Encrypts the files with AES-256-GCM and a key that scrypt makes of this. All who share the directory need it.
   * Default: the modes of the files are what protects them.
   */
  readonly passphrase?: string | undefined;
  /** Seconds after which a key is replaced by a new one. Default: keys do not expire. */
  readonly maxAge?: number | undefined;
}

const isText = (expected: string): OptionRule => ({
  expected,
  test: (value) => typeof value === "string" && value !== "",
});
const rules: Readonly<Record<keyof FileKeyStoreOptions, OptionRule>> = {
  directory: { ...isText("a path"), required: true },
  passphrase: isText("a passphrase"),
  maxAge: isMaxAge,
};
const maxAttempts = 20;

/**
 * Keys in a directory that only its owner may enter (mode 0700), one file of mode 0600 per scope and key
 * parameters, with a JWK inside. Processes can share it: they end up with one key, and each sees at once that
 * another one has deleted it. A key that `get` has returned outlasts a power cut. Whoever can read the files has the
 * keys, unless they are encrypted; where that is not enough, keep keys in an {@link SshAgentKeyStore} or implement
 * {@link TokenBindingKeyStore} over hardware.
 *
 * All methods throw TokenBindingError `key_store` when the directory or a file cannot be used, or others can use it, or
 * the passphrase is not that of the directory; `get` and `list` throw `key_import` when a file holds no such key. The
 * message names the file and never shows what is in it.
 *
 * @example
 * const keyStore = new FileKeyStore({ directory: join(homedir(), ".my-client", "keys") });
 * const agent = new TokenBindingAgent({ keyStore });
 */
export class FileKeyStore implements TokenBindingKeyStore {
  readonly #directory: string;
  readonly #maxAge: number | undefined;
  readonly #passphraseFile: PassphraseFile;
  readonly #loading = new Map<string, Promise<TokenBindingKey>>();
  readonly #loaded = new Map<string, { readonly text: string; readonly key: TokenBindingKey }>();

  /** @throws TokenBindingError `invalid_argument` for unknown options and impossible values */
  constructor(options: FileKeyStoreOptions) {
    checkOptions("FileKeyStore", options, rules);
    this.#directory = resolve(options.directory);
    this.#maxAge = options.maxAge;
    this.#passphraseFile = new PassphraseFile(this.#directory, options.passphrase);
  }

  get(scope: string, keyParameters: KeyParameters): Promise<TokenBindingKey> {
    const path = this.#path(scope, keyParameters);
    let key = this.#loading.get(path);
    if (key === undefined) {
      key = this.#getOrCreate(path, scope, keyParameters).finally(() => this.#loading.delete(path));
      this.#loading.set(path, key);
    }
    return key;
  }

  async delete(scope: string): Promise<void> {
    const paths = defaultKeyParameters.map((keyParameters) => this.#path(scope, keyParameters));
    await this.#remove((path) => paths.some((each) => path === each || path.startsWith(`${each}.`)));
  }

  /**
   * Forgets all keys, or those that were made at some time; what else lies in the directory stays. A key was made when
   * its file was written.
   *
   * @throws TokenBindingError `invalid_argument` for impossible times
   */
  async clear(times?: CreationTimes): Promise<void> {
    const isMeant = within(times);
    await this.#remove((path) => /[\\/][0-9a-f]{64}\.json(\..+)?$/.test(path), isMeant);
  }

  /** All keys that are there. */
  async list(): Promise<readonly StoredKey[]> {
    await checkPrivateDirectory(this.#directory);
    const passphrase = await this.#passphraseFile.read();
    const keys: StoredKey[] = [];
    for (const path of await this.#paths((each) => keyFileName.test(basename(each)))) {
      const content = await readPrivateFile(path);
      if (content === undefined || isExpired(content.written, this.#maxAge)) continue;
      const { scope, key } = await decodeAnyEntry(entryFile(path, passphrase), content.text);
      const { keyParameters, id } = key;
      keys.push({ scope, keyParameters, id, created: new Date(content.written) });
    }
    return keys;
  }

  // A hash, because a scope may be any string: no name leaves the directory, is too long, or differs from
  // another in case only.
  #path(scope: string, keyParameters: KeyParameters): string {
    const name = createHash("sha256")
      .update(JSON.stringify([scope, keyParameters]))
      .digest("hex");
    return join(this.#directory, `${name}.json`);
  }

  async #getOrCreate(path: string, scope: string, keyParameters: KeyParameters): Promise<TokenBindingKey> {
    // Another process may make the file after the look, or clear the directory before the key is in it.
    for (let attempt = 0; attempt < maxAttempts; attempt++) {
      await checkPrivateDirectory(this.#directory);
      const content = await readPrivateFile(path);
      // After the file that may be encrypted with it.
      const passphrase = await this.#passphraseFile.read();
      if (content === undefined) {
        await this.#create(path, scope, keyParameters);
      } else if (isExpired(content.written, this.#maxAge)) {
        await this.#removeFile(path, (written) => isExpired(written, this.#maxAge));
      } else {
        const { text } = content;
        const loaded = this.#loaded.get(path);
        if (loaded?.text === text) return loaded.key;
        const key = await decodeEntry(entryFile(path, passphrase), text, scope, keyParameters);
        this.#loaded.set(path, { text, key });
        return key;
      }
    }
    throw storeError(path, "cannot be made: it keeps appearing and disappearing");
  }

  /** Unless another process makes the file, or clears the directory, in between. */
  async #create(path: string, scope: string, keyParameters: KeyParameters): Promise<void> {
    await makePrivateDirectory(this.#directory);
    const passphrase = await this.#passphraseFile.create();
    const key = await generateKey(keyParameters, { extractable: true });
    const text = await encodeEntry(entryFile(path, passphrase), scope, key);
    if (Buffer.byteLength(text) > maxFileSize)
      throw storeError(path, "cannot be made: the scope is too long");
    await createPrivateFile(path, text, lockOf(path));
  }

  /** With what a process that died left half done: its files hold private keys too. */
  async #remove(isMeant: (path: string) => boolean, isOfAge?: (written: number) => boolean): Promise<void> {
    // Otherwise a key that is on its way would be there again after it was deleted.
    await Promise.allSettled([...this.#loading].filter(([path]) => isMeant(path)).map(([, key]) => key));
    const paths = await this.#paths(isMeant);
    await Promise.all(paths.map((path) => this.#removeFile(path, isOfAge)));
    await syncDirectory(this.#directory);
  }

  async #removeFile(path: string, isOfAge: (written: number) => boolean = () => true): Promise<void> {
    // Between a look at an old key and its removal another process may put a new one in its place.
    await withLock(lockOf(path), async () => {
      const { mtimeMs } = await lstat(path);
      if (!isOfAge(mtimeMs)) return;
      await rm(path);
      this.#loaded.delete(path);
    }).catch((error: unknown) => {
      if (!isCode(error, "ENOENT")) throw storeError(path, "cannot be deleted", error);
    });
  }

  async #paths(isMeant: (path: string) => boolean): Promise<readonly string[]> {
    const names = await readdir(this.#directory).catch((error: unknown) => {
      if (isCode(error, "ENOENT")) return [];
      throw storeError(this.#directory, "cannot be read", error);
    });
    return names.map((name) => join(this.#directory, name)).filter(isMeant);
  }
}

function entryFile(path: string, passphrase: Passphrase | undefined): EntryFile {
  return { path, name: basename(path), passphrase };
}

/** Of a key file, or of one that was to become one. */
function lockOf(path: string): string {
  return `${path.slice(0, path.lastIndexOf(".json"))}.lock`;
}
