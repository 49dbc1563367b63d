import { generateKeyPair } from "node:crypto";
import { promisify } from "node:util";
import { type KeyParameters } from "@tokbind/codec";
import { checkKeyParameters } from "../key-parameters.ts";
import { importPublicJwk } from "../public-jwk.ts";
import { type KeyOptions, type TokenBindingKey } from "../types.ts";
import { localKey } from "./local-key.ts";

const generate = promisify(generateKeyPair);

/**
 * Generates a key pair: P-256, or RSA with 2048 bits and the exponent 65537.
 *
 * @param keyParameters - those that were negotiated (RFC 8471 section 4.1)
 * @param options - not extractable unless asked for
 * @throws TokenBindingError `invalid_argument` for unknown key parameters
 * @example
 * const key = await generateKey("ecdsap256");
 */
export async function generateKey(
  keyParameters: KeyParameters,
  options?: KeyOptions,
): Promise<TokenBindingKey> {
  checkKeyParameters(keyParameters);
  const { publicKey, privateKey } =
    keyParameters === "ecdsap256"
      ? await generate("ec", { namedCurve: "P-256" })
      : await generate("rsa", { modulusLength: 2048, publicExponent: 65537 });
  const id = importPublicJwk(publicKey.export({ format: "jwk" }), keyParameters);
  return localKey({ keyParameters, id }, privateKey, options);
}
