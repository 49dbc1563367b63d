import { TokenBindingError } from "./errors.ts";
import { ekmLength } from "./registries.ts";

/**
 * The bytes that a TokenBinding's signature covers (RFC 8471 section 3.3): tokenbinding_type, key_parameters
 * and the EKM of the connection.
 *
 * @param type - 1-byte code of the TokenBindingType
 * @param keyParameters - 1-byte code of the TokenBindingKeyParameters
 * @param ekm - 32 bytes of exported keying material
 * @param into - 34 bytes to write them to; new ones by default
 * @returns `into`
 * @throws TokenBindingError `invalid_argument` when the EKM or `into` has another length
 */
export function signedData(
  type: number,
  keyParameters: number,
  ekm: Uint8Array,
  into: Uint8Array = new Uint8Array(2 + ekmLength),
): Uint8Array {
  if (ekm.length !== ekmLength) {
    throw new TokenBindingError("invalid_argument", `EKM: expected ${ekmLength} bytes, got ${ekm.length}`);
  }
  if (into.length !== 2 + ekmLength) {
    throw new TokenBindingError(
      "invalid_argument",
      `into: expected ${2 + ekmLength} bytes, got ${into.length}`,
    );
  }
  into[0] = type;
  into[1] = keyParameters;
  into.set(ekm, 2);
  return into;
}
