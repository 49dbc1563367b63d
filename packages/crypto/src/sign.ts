import { type KeyParameters, TokenBindingError } from "@tokbind/codec";
import { described } from "@tokbind/codec/options";
import { checkBytes, isBytes } from "./check-arguments.ts";
import { importPublicKey } from "./import-public-key.ts";
import { checkKey, signatureLengths } from "./key-parameters.ts";
import { LocalKey } from "./local-key.ts";
import type { TokenBindingKey } from "./types.ts";

/**
 * Signs data as RFC 8471 section 3.3 says for the key's parameters: RSASSA-PKCS1-v1_5, RSASSA-PSS (MGF1 with
 * SHA-256, salt of 32 bytes) or ECDSA on P-256, always with SHA-256. What a key of somebody else signs (an agent,
 * a token, a key management service) is verified with the key's own ID before it is returned.
 *
 * @param key - a key of this package, or any other implementation of {@link TokenBindingKey}
 * @param data - any number of bytes; the 34 bytes of `signedData` for a TokenBinding
 * @returns 64 bytes R then S for ecdsap256, 256 bytes for RSA
 * @throws TokenBindingError `invalid_argument` for what is no key or no bytes; `key_store` when a foreign key fails,
 *   with what it threw as the cause, or signs with anything but a signature of its own. A TokenBindingError that it
 *   throws stays as it is
 * @example
 * const signature = await sign(key, signedData(tokenBindingTypes.provided, key.id.keyParameters, ekm));
 */
export async function sign(key: TokenBindingKey, data: Uint8Array): Promise<Uint8Array> {
  checkKey(key);
  checkBytes("data to sign", data);
  return LocalKey.is(key) ? key.sign(data) : signElsewhere(key, data);
}

async function signElsewhere(key: TokenBindingKey, data: Uint8Array): Promise<Uint8Array> {
  const { keyParameters } = key;
  let signature: unknown;
  try {
    // A copy: the signature is verified over what was to be signed.
    signature = await key.sign(data.slice());
  } catch (error) {
    if (error instanceof TokenBindingError) throw error;
    throw failure(
      keyParameters,
      error instanceof Error ? error.message : `expected an Error, got ${kindOf(error)}`,
      error,
    );
  }
  checkLength(keyParameters, signature);
  if (handleOf(key).verify(data, signature)) return signature;
  throw failure(
    keyParameters,
    "expected a signature that the ID of the key verifies, got another; the signer has another key, signs in another " +
      "way, or hashes twice",
  );
}

function checkLength(keyParameters: KeyParameters, signature: unknown): asserts signature is Uint8Array {
  const expected = signatureLengths[keyParameters];
  if (isBytes(signature) && signature.length === expected) return;
  const got = isBytes(signature) ? `${signature.length}` : kindOf(signature);
  const advice = keyParameters === "ecdsap256" ? "; decodeEcdsaSigValue makes R then S of DER" : "";
  throw failure(keyParameters, `expected a signature of ${expected} bytes, got ${got}${advice}`);
}

function handleOf({ keyParameters, id }: TokenBindingKey): ReturnType<typeof importPublicKey> {
  try {
    return importPublicKey(id);
  } catch (error) {
    throw failure(keyParameters, `its ID: ${(error as Error).message}`, error);
  }
}

function failure(keyParameters: KeyParameters, what: string, cause?: unknown): TokenBindingError {
  const message = `signature by a key of type ${keyParameters}: ${what}`;
  return new TokenBindingError("key_store", message, { cause });
}

/** Not even a short string is shown: it may be a secret. */
function kindOf(value: unknown): string {
  return typeof value === "string" ? "a string" : described(value);
}
