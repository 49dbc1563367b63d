import { sha256 } from "@noble/hashes/sha2.js";
import { encodeBase64url } from "@tokbind/codec";

/**
 * The `tbh` confirmation of a bound token: SHA-256 over the whole TokenBindingID, its 3-byte header included
 * (draft-ietf-oauth-token-binding section 3.4).
 *
 * @param id - the bytes of a TokenBindingID, e.g. `key.id.bytes`
 * @returns 43 base64url characters
 * @example
 * const cnf = { tbh: tokenBindingHash(binding.id.bytes) };
 */
export function tokenBindingHash(id: Uint8Array): string {
  return encodeBase64url(sha256(id));
}
