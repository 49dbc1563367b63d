import { type FieldObserver, Reader } from "./reader.ts";
import type { ProtocolVersion } from "./registries.ts";
import { Writer } from "./writer.ts";

/** TokenBindingParameters of RFC 8472 section 2: the body of the token_binding extension. */
export interface TokenBindingParameters {
  readonly version: ProtocolVersion;
  /** 1-byte codes most preferred first, 1 to 255 of them; exactly one in a server's answer (section 3). */
  readonly keyParametersList: readonly number[];
}

/**
 * Decodes the body of a token_binding extension (RFC 8472 section 2). Unknown codes are kept: ignoring them
 * is the server's part (section 3).
 *
 * @param bytes - 4 to 258 bytes
 * @throws TokenBindingError `truncated`, `length_out_of_range` (an empty list) or `trailing_bytes`
 */
export function decodeTokenBindingParameters(
  bytes: Uint8Array,
  observe?: FieldObserver,
): TokenBindingParameters {
  const reader = new Reader(bytes, observe);
  const major = reader.uint8("TB_ProtocolVersion.major");
  const minor = reader.uint8("TB_ProtocolVersion.minor");
  const list = reader.opaque("TokenBindingParameters.key_parameters_list", 1, 1);
  reader.finish("TokenBindingParameters");
  return { version: { major, minor }, keyParametersList: [...list] };
}

/**
 * Encodes the body of a token_binding extension (RFC 8472 section 2).
 *
 * @throws TokenBindingError `invalid_argument` when the list is empty or longer than 255
 */
export function encodeTokenBindingParameters(parameters: TokenBindingParameters): Uint8Array {
  const writer = new Writer();
  writer.uint8("TB_ProtocolVersion.major", parameters.version.major);
  writer.uint8("TB_ProtocolVersion.minor", parameters.version.minor);
  writer.vector("TokenBindingParameters.key_parameters_list", 1, 1, (list) => {
    for (const code of parameters.keyParametersList) list.uint8("TokenBindingKeyParameters", code);
  });
  return writer.finish();
}
