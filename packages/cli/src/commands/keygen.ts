import { encodeBase64url, type KeyParameters } from "@tokbind/codec";
import { generateKey, tokenBindingHash } from "@tokbind/crypto";
import { formatKey, writeKeyFile } from "../key-file.ts";

export interface KeygenOptions {
  readonly type: KeyParameters;
  readonly out?: string;
  readonly json?: boolean;
}

/** `tokbind keygen`: a new key as a private JWK, in a file with mode 0600 or on standard output. */
export async function keygen(options: KeygenOptions): Promise<number> {
  const key = await generateKey(options.type, { extractable: true });
  const jwk = await formatKey(key);
  if (options.out === undefined) {
    process.stdout.write(jwk);
    return 0;
  }
  await writeKeyFile(options.out, jwk);
  const made = {
    file: options.out,
    keyParameters: key.keyParameters,
    id: encodeBase64url(key.id.bytes),
    tbh: tokenBindingHash(key.id.bytes),
  };
  process.stdout.write(
    options.json
      ? `${JSON.stringify(made)}\n`
      : `${made.file}: ${made.keyParameters} private key, tbh ${made.tbh}\n`,
  );
  return 0;
}
