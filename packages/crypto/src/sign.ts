import { TokenBindingError } from "@tokbind/codec";
import { described } from "@tokbind/codec/options";
import { checkBytes, isBytes } from "./check-arguments.ts";
import { checkKey, signatureLengths } from "./key-parameters.ts";
import type { TokenBindingKey } from "./types.ts";

/**
 * Signs data as RFC 8471 section 3.3 says for the key's parameters: RSASSA-PKCS1-v1_5, RSASSA-PSS (MGF1 with
 * SHA-256, salt of 32 bytes) or ECDSA on P-256, always with SHA-256.
 *
 * @param key - a key of this package, or any other implementation of {@link TokenBindingKey}
 * @param data - any number of bytes; the 34 bytes of `signedData` for a TokenBinding
 * @returns 64 bytes R then S for ecdsap256, 256 bytes for RSA
 * @throws TokenBindingError `invalid_argument` for what is no key or no bytes, and when a foreign key returns a
 *   signature of another length
 * @example
 * const signature = await sign(key, signedData(tokenBindingTypes.provided, key.id.keyParameters, ekm));
 */
export async function sign(key: TokenBindingKey, data: Uint8Array): Promise<Uint8Array> {
  checkKey(key);
  checkBytes("data to sign", data);
  const signature: unknown = await key.sign(data);
  const expected = signatureLengths[key.keyParameters];
  if (isBytes(signature) && signature.length === expected) return signature;
  throw new TokenBindingError(
    "invalid_argument",
    `signature by a key of type ${key.keyParameters}: expected ${expected} bytes, got ` +
      (isBytes(signature) ? `${signature.length}` : described(signature)) +
      "; ECDSA signatures are R then S, not DER",
  );
}
