import { type KeyParameters, TokenBindingError } from "@tokbind/codec";
import { exportPrivateJwk, importPrivateJwk, type Jwk, type TokenBindingKey } from "@tokbind/crypto";

/** Content of a key file. The scope stands in it because the file name does not show it. */
interface Entry {
  readonly scope: string;
  readonly jwk: Jwk;
}

export async function encodeEntry(scope: string, key: TokenBindingKey): Promise<string> {
  const entry: Entry = { scope, jwk: await exportPrivateJwk(key) };
  return `${JSON.stringify(entry, undefined, 2)}\n`;
}

/**
 * The key in the text of a file.
 *
 * @throws TokenBindingError `key_import`, without a cause: what finds the text wrong may quote it, and so the key
 */
export async function decodeEntry(
  file: string,
  text: string,
  scope: string,
  keyParameters: KeyParameters,
): Promise<TokenBindingKey> {
  const refuse = (got: string) =>
    new TokenBindingError(
      "key_import",
      `${file}: expected the ${keyParameters} key of ${JSON.stringify(scope)}, got ${got}; delete the file to get a new key`,
    );
  let entry: Partial<Entry> | null;
  try {
    entry = JSON.parse(text) as typeof entry;
  } catch {
    throw refuse("no JSON");
  }
  if (entry?.scope !== scope) throw refuse("that of another scope");
  try {
    return await importPrivateJwk(entry.jwk ?? {}, keyParameters);
  } catch {
    throw refuse("another key");
  }
}
