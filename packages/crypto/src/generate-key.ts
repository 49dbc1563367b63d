import { backend } from "#backend";
import { checkKeyParameters, type KeyParameters } from "@tokbind/codec";
import { isExtractable } from "./check-arguments.ts";
import { LocalKey } from "./local-key.ts";
import { importPublicJwk } from "./public-jwk.ts";
import type { KeyOptions, TokenBindingKey } from "./types.ts";

/**
 * Generates a key pair: P-256, or RSA with 2048 bits and the exponent 65537.
 *
 * @param keyParameters - those that were negotiated (RFC 8471 section 4.1)
 * @param options - not extractable unless asked for
 * @throws TokenBindingError `invalid_argument` for unknown key parameters or options, `unsupported_runtime` in a
 *   runtime other than Node without WebCrypto
 * @example
 * const key = await generateKey("ecdsap256");
 */
export async function generateKey(
  keyParameters: KeyParameters,
  options?: KeyOptions,
): Promise<TokenBindingKey> {
  checkKeyParameters(keyParameters);
  const extractable = isExtractable(options);
  const { publicJwk, privateKey } = await backend.generateKeyPair(keyParameters, extractable);
  const id = importPublicJwk(publicJwk, keyParameters);
  return new LocalKey({ keyParameters, id }, privateKey, extractable);
}
