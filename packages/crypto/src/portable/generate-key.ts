import { type KeyParameters } from "@tokbind/codec";
import { checkKeyParameters } from "../key-parameters.ts";
import { importPublicJwk } from "../public-jwk.ts";
import { type KeyOptions, type TokenBindingKey } from "../types.ts";
import { algorithms, localKey, subtle } from "./local-key.ts";

/**
 * Generates a key pair: P-256, or RSA with 2048 bits and the exponent 65537.
 *
 * @param keyParameters - those that were negotiated (RFC 8471 section 4.1)
 * @param options - not extractable unless asked for
 * @throws TokenBindingError `invalid_argument` for unknown key parameters, `unsupported_runtime` without WebCrypto
 * @example
 * const key = await generateKey("ecdsap256");
 */
export async function generateKey(
  keyParameters: KeyParameters,
  options?: KeyOptions,
): Promise<TokenBindingKey> {
  checkKeyParameters(keyParameters);
  const { publicKey, privateKey } = await subtle().generateKey(
    algorithms[keyParameters],
    options?.extractable ?? false,
    ["sign", "verify"],
  );
  const id = importPublicJwk(await subtle().exportKey("jwk", publicKey), keyParameters);
  return localKey({ keyParameters, id }, privateKey, options);
}
