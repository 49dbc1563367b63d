import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { createPrivateFile } from "./create-private-file.ts";
import { isPassphraseHeader, Passphrase } from "./passphrase.ts";
import { makePrivateDirectory, readPrivateFile, storeError } from "./private-files.ts";

/** Names of key files. */
export const keyFileName = /^[0-9a-f]{64}\.json$/;

const maxAttempts = 20;

/**
 * The file of a directory that says how its keys are encrypted. It is read at every use, since another process may have
 * made it; to derive the key takes long, and is done once for each content.
 */
export class PassphraseFile {
  readonly #directory: string;
  readonly #path: string;
  readonly #text: string | undefined;
  #opened: { readonly header: string; readonly passphrase: Promise<Passphrase> } | undefined;
  #making: Promise<void> | undefined;

  /** @param text - the passphrase; undefined where keys are in clear */
  constructor(directory: string, text: string | undefined) {
    this.#directory = directory;
    this.#path = join(directory, "passphrase.json");
    this.#text = text;
  }

  /**
   * What the keys in the directory are encrypted with; undefined in a directory without keys, or with keys in clear.
   *
   * @throws TokenBindingError `key_store` when that is not what was asked for
   */
  async read(): Promise<Passphrase | undefined> {
    let content = await readPrivateFile(this.#path);
    if (content === undefined && this.#text !== undefined && (await this.#hasKeys())) {
      // Another process makes this file before the first key.
      content = await readPrivateFile(this.#path);
      if (content === undefined) {
        throw storeError(
          this.#directory,
          "holds keys that are not encrypted: clear it to get new ones, or use it without a passphrase",
        );
      }
    }
    if (content === undefined) return undefined;
    if (this.#text === undefined) {
      throw storeError(this.#directory, "holds encrypted keys: expected their passphrase, got none");
    }
    if (this.#opened?.header !== content.text) this.#remember(content.text, this.#open(content.text));
    return this.#opened!.passphrase;
  }

  /** As `read`, and makes the file if there is none. */
  async create(): Promise<Passphrase | undefined> {
    if (this.#text === undefined) return this.read();
    for (let attempt = 0; attempt < maxAttempts; attempt++) {
      const passphrase = await this.read();
      if (passphrase !== undefined) return passphrase;
      this.#making ??= this.#make(this.#text).finally(() => (this.#making = undefined));
      await this.#making;
    }
    throw storeError(this.#path, "cannot be made: it keeps appearing and disappearing");
  }

  async #make(text: string): Promise<void> {
    await makePrivateDirectory(this.#directory);
    const passphrase = await Passphrase.create(text);
    const header = `${JSON.stringify(passphrase.header, undefined, 2)}\n`;
    const isMade = await createPrivateFile(this.#path, header, join(this.#directory, "passphrase.lock"));
    if (isMade) this.#remember(header, Promise.resolve(passphrase));
  }

  async #open(header: string): Promise<Passphrase> {
    let parsed: unknown;
    try {
      parsed = JSON.parse(header);
    } catch {
      // As below.
    }
    if (!isPassphraseHeader(parsed)) {
      throw storeError(this.#path, "is damaged: expected parameters of scrypt as this store writes them");
    }
    const passphrase = await Passphrase.open(this.#text!, parsed);
    if (passphrase !== undefined) return passphrase;
    throw storeError(
      this.#directory,
      "holds keys that are encrypted with another passphrase, or passphrase.json was changed",
    );
  }

  #remember(header: string, passphrase: Promise<Passphrase>): void {
    const opened = { header, passphrase };
    this.#opened = opened;
    passphrase.catch(() => {
      if (this.#opened === opened) this.#opened = undefined;
    });
  }

  async #hasKeys(): Promise<boolean> {
    const names = await readdir(this.#directory).catch(() => []);
    return names.some((name) => keyFileName.test(name));
  }
}
