import { backend } from "#backend";
import type { TB_ECPoint, TokenBindingID } from "@tokbind/codec";
import type { VerifySignature } from "./backend/types.ts";
import { checkBytes } from "./check-arguments.ts";
import { checkPublicKey } from "./check-public-key.ts";
import { signatureLengths } from "./key-parameters.ts";
import type { TokenBindingPublicKeyHandle, VerifyP256 } from "./types.ts";

/**
 * Makes the public key of a TokenBindingID ready to verify with, after validating it (RFC 8471 section 3.2): a
 * point on P-256 of exactly 64 bytes; or an odd RSA modulus of exactly 2048 bits in 256 bytes and an odd exponent
 * from 3 to 2^32-1 without leading zeros.
 *
 * @param id - decoded from the wire, or made of raw numbers with `encodeTokenBindingID`
 * @param verifyP256 - verifies the signatures of ecdsap256 in place of this package; what is checked before stays the same
 * @throws TokenBindingError `key_invalid` for any other key, and for unassigned key parameters;
 *   `invalid_argument` for what is no TokenBindingID at all
 * @example
 * const publicKey = importPublicKey(encodeTokenBindingID(2, { kind: "ec", point }));
 */
export function importPublicKey(id: TokenBindingID, verifyP256?: VerifyP256): TokenBindingPublicKeyHandle {
  const key = checkPublicKey(id);
  const verify =
    verifyP256 !== undefined && key.keyParameters === "ecdsap256"
      ? verifyWith(verifyP256, key.publicKey)
      : backend.importPublicKey(key);
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

function verifyWith(verifyP256: VerifyP256, publicKey: TB_ECPoint): VerifySignature {
  // A copy: the message that the key came with need not outlive it.
  const point = Uint8Array.from(publicKey.point);
  return (data, signature) => verifyP256(point, data, signature);
}
