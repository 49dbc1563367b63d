import { createPublicKey, verify } from "node:crypto";
import { type TokenBindingID } from "@tokbind/codec";
import { checkPublicKey } from "../check-public-key.ts";
import { publicMembers } from "../public-jwk.ts";
import { type TokenBindingPublicKeyHandle } from "../types.ts";
import { publicKeyHandle } from "../verify.ts";
import { ecdsaSigValue } from "./ecdsa-sig-value.ts";
import { schemes } from "./local-key.ts";

/**
 * Makes the public key of a TokenBindingID ready to verify with, after checking it (RFC 8471 section 3.2,
 * a point on P-256 of exactly 64 bytes; or an odd RSA modulus of exactly 2048 bits in 256 bytes and an
 * odd exponent from 3 to 2^32-1 without leading zeros.
 *
 * @param id - decoded from the wire, or made of raw numbers with `encodeTokenBindingID`
 * @throws TokenBindingError `key_invalid` for any other key, and for unassigned key parameters
 * @example
 * const publicKey = importPublicKey(encodeTokenBindingID(2, { kind: "ec", point }));
 */
export function importPublicKey(id: TokenBindingID): TokenBindingPublicKeyHandle {
  const checked = checkPublicKey(id);
  const { keyParameters } = checked;
  const key = createPublicKey({ key: { ...publicMembers(checked) }, format: "jwk" });
  if (keyParameters === "ecdsap256") {
    return publicKeyHandle(keyParameters, (data, signature) =>
      verify("sha256", data, key, ecdsaSigValue(signature)),
    );
  }
  const input = { key, ...schemes[keyParameters] };
  return publicKeyHandle(keyParameters, (data, signature) => verify("sha256", data, input, signature));
}
