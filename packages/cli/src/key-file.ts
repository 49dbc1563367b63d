import { randomBytes } from "node:crypto";
import { readFile, rename, rm, writeFile } from "node:fs/promises";
import { TokenBindingError } from "@tokbind/codec";
import { exportPrivateJwk, importPrivateJwk, type Jwk, type TokenBindingKey } from "@tokbind/crypto";

/** A private key as the text of its JWK; `alg` tells the two uses of an RSA key apart. */
export async function formatKey(key: TokenBindingKey): Promise<string> {
  return `${JSON.stringify(await exportPrivateJwk(key), undefined, 2)}\n`;
}

/** Writes a key to a file that only its owner may read. */
export async function writeKeyFile(file: string, text: string): Promise<void> {
  const temporary = `${file}.${randomBytes(6).toString("hex")}`;
  try {
    await writeFile(temporary, text, { mode: 0o600, flag: "wx" });
    await rename(temporary, file);
  } catch (cause) {
    await rm(temporary, { force: true });
    throw new TokenBindingError("key_store", `${file}: the key could not be written: ${String(cause)}`, {
      cause,
    });
  }
}

/** Reads a key that `tokbind keygen` wrote. */
export async function readKeyFile(file: string): Promise<TokenBindingKey> {
  let jwk: Jwk;
  try {
    jwk = JSON.parse(await readFile(file, "utf8")) as Jwk;
  } catch (cause) {
    // A syntax error quotes the text, which may be a key.
    const reason = cause instanceof SyntaxError ? "it is not JSON" : String(cause);
    throw new TokenBindingError("key_import", `${file}: expected a key from "tokbind keygen": ${reason}`);
  }
  return importPrivateJwk({ ...jwk });
}
