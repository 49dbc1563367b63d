import { backend } from "#backend";
import { encodeBase64url } from "@tokbind/codec";
import { checkBytes } from "./check-arguments.ts";

/**
 * The `tbh` confirmation of a bound token: SHA-256 over the whole TokenBindingID, its 3-byte header included
 * (draft-ietf-oauth-token-binding section 3.4).
 *
 * @param id - the bytes of a TokenBindingID, e.g. `key.id.bytes`
 * @returns 43 base64url characters
 * @throws TokenBindingError `invalid_argument` for anything but bytes
 * @example
 * const cnf = { tbh: tokenBindingHash(binding.id.bytes) };
 */
export function tokenBindingHash(id: Uint8Array): string {
  checkBytes("TokenBindingID", id);
  return encodeBase64url(backend.sha256(id));
}
