import { TokenBindingError } from "./errors.ts";
import { ekmLength } from "./registries.ts";

/**
 * The bytes that a TokenBinding's signature covers (RFC 8471 section 3.3): tokenbinding_type, key_parameters
 * and the EKM of the connection.
 *
 * @param type - 1-byte code of the TokenBindingType
 * @param keyParameters - 1-byte code of the TokenBindingKeyParameters
 * @param ekm - 32 bytes of exported keying material
 * @returns 34 bytes
 * @throws TokenBindingError `invalid_argument` when the EKM has another length
 */
export function signedData(type: number, keyParameters: number, ekm: Uint8Array): Uint8Array {
  if (ekm.length !== ekmLength) {
    throw new TokenBindingError("invalid_argument", `EKM: expected ${ekmLength} bytes, got ${ekm.length}`);
  }
  const data = new Uint8Array(2 + ekmLength);
  data[0] = type;
  data[1] = keyParameters;
  data.set(ekm, 2);
  return data;
}
