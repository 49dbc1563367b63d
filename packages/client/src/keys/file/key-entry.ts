import { type KeyParameters, TokenBindingError } from "@tokbind/codec";
import { exportPrivateJwk, importPrivateJwk, type Jwk, type TokenBindingKey } from "@tokbind/crypto";
import type { Passphrase } from "./passphrase.ts";

/** Content of a key file, which may be encrypted. The scope stands in it because the file name does not show it. */
interface Entry {
  readonly scope: string;
  readonly jwk: Jwk;
}

/** A key file that is read or written. */
export interface EntryFile {
  /** For messages. */
  readonly path: string;
  readonly name: string;
  /** Undefined where keys are in clear. */
  readonly passphrase: Passphrase | undefined;
}

export async function encodeEntry(
  { name, passphrase }: EntryFile,
  scope: string,
  key: TokenBindingKey,
): Promise<string> {
  const entry: Entry = { scope, jwk: await exportPrivateJwk(key) };
  const content = passphrase && { sealed: passphrase.seal(name, JSON.stringify(entry)) };
  return `${JSON.stringify(content ?? entry, undefined, 2)}\n`;
}

/**
 * The key in the text of a file.
 *
 * @throws TokenBindingError `key_import`, without a cause: what finds the text wrong may quote it, and so the key
 */
export async function decodeEntry(
  file: EntryFile,
  text: string,
  scope: string,
  keyParameters: KeyParameters,
): Promise<TokenBindingKey> {
  const expected = `the ${keyParameters} key of ${JSON.stringify(scope)}`;
  const entry = readEntry(file, text, expected);
  if (entry.scope !== scope) throw refusal(file, expected, "that of another scope");
  try {
    return await importPrivateJwk(entry.jwk ?? {}, keyParameters);
  } catch {
    throw refusal(file, expected, "another key");
  }
}

/**
 * The key in the text of a file, of whatever scope and type.
 *
 * @throws TokenBindingError `key_import`, as {@link decodeEntry}
 */
export async function decodeAnyEntry(
  file: EntryFile,
  text: string,
): Promise<{ readonly scope: string; readonly key: TokenBindingKey }> {
  const { scope, jwk } = readEntry(file, text, "a key");
  try {
    if (typeof scope === "string") return { scope, key: await importPrivateJwk(jwk ?? {}) };
  } catch {
    // As below.
  }
  throw refusal(file, "a key", "something else");
}

function readEntry(file: EntryFile, text: string, expected: string): Partial<Entry> {
  const content = parse(file, text, expected) as Partial<Entry & { sealed: unknown }>;
  const isSealed = typeof content.sealed === "string";
  const { passphrase, name } = file;
  if (passphrase === undefined) {
    if (!isSealed) return content;
    throw refusal(file, expected, "an encrypted one, whose passphrase.json is missing");
  }
  if (!isSealed) throw refusal(file, expected, "one in clear, in a directory of encrypted keys");
  let entry: string;
  try {
    entry = passphrase.unseal(name, content.sealed as string);
  } catch {
    throw refusal(
      file,
      expected,
      "one that was changed after it was encrypted, or is that of another directory",
    );
  }
  return parse(file, entry, expected);
}

function parse(file: EntryFile, text: string, expected: string): Partial<Entry> {
  try {
    return Object(JSON.parse(text)) as Partial<Entry>;
  } catch {
    throw refusal(file, expected, "no JSON");
  }
}

function refusal({ path }: EntryFile, expected: string, got: string): TokenBindingError {
  return new TokenBindingError(
    "key_import",
    `${path}: expected ${expected}, got ${got}; delete the file to get a new key`,
  );
}
