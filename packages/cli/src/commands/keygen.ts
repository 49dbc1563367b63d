import { type KeyParameters, TokenBindingError } from "@tokbind/codec";
import { generateKey } from "@tokbind/crypto";
import { claimedIdentityJson } from "../identity-json.ts";
import { formatKey, writeKeyFile } from "../key-file.ts";
import { isOutputClosed, OutputError, print } from "../output.ts";

export interface KeygenOptions {
  readonly type: KeyParameters;
  readonly out?: string | undefined;
  readonly json?: boolean | undefined;
}

/** `tokbind keygen`: a new key as a private JWK, in a new file with mode 0600 or on standard output. */
export async function keygen(options: KeygenOptions): Promise<number> {
  const { type, out, json } = options;
  const key = await generateKey(type, { extractable: true });
  const jwk = await formatKey(key);
  if (out === undefined) {
    await printKey(jwk);
    return 0;
  }
  await writeKeyFile(out, jwk);
  const made = { file: out, ...claimedIdentityJson(key.id) };
  await print(json ? `${JSON.stringify(made)}\n` : `${out}: ${type} private key, tbh ${made.tbh}\n`);
  return 0;
}

/** A key must not get lost without a word: not even where other commands end quietly. */
async function printKey(jwk: string): Promise<void> {
  if (isOutputClosed()) throw lost("standard output is closed");
  try {
    await print(jwk);
  } catch (error) {
    throw error instanceof OutputError ? lost(error.message) : error;
  }
}

function lost(reason: string): TokenBindingError {
  return new TokenBindingError("key_store", `the new key is lost: ${reason}; use --out FILE`);
}
