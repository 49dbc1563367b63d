import { backend } from "#backend";
import type { TokenBindingID } from "@tokbind/codec";
import { checkBytes } from "./check-arguments.ts";
import { checkPublicKey } from "./check-public-key.ts";
import { signatureLengths } from "./key-parameters.ts";
import type { TokenBindingPublicKeyHandle } from "./types.ts";

/**
 * Makes the public key of a TokenBindingID ready to verify with, after validating it (RFC 8471 section 3.2): a
 * point on P-256 of exactly 64 bytes; or an odd RSA modulus of exactly 2048 bits in 256 bytes and an odd exponent
 * from 3 to 2^32-1 without leading zeros.
 *
 * @param id - decoded from the wire, or made of raw numbers with `encodeTokenBindingID`
 * @throws TokenBindingError `key_invalid` for any other key, and for unassigned key parameters;
 *   `invalid_argument` for what is no TokenBindingID at all
 * @example
 * const publicKey = importPublicKey(encodeTokenBindingID(2, { kind: "ec", point }));
 */
export function importPublicKey(id: TokenBindingID): TokenBindingPublicKeyHandle {
  const key = checkPublicKey(id);
  const verify = backend.importPublicKey(key);
  const length = signatureLengths[key.keyParameters];
  return {
    keyParameters: key.keyParameters,
    verify: (data, signature) => {
      checkBytes("signed data", data);
      checkBytes("signature", signature);
      return signature.length === length && verify(data, signature);
    },
  };
}
