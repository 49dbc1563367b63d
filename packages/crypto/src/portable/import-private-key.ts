import { type KeyParameters } from "@tokbind/codec";
import { checkKeyParameters } from "../key-parameters.ts";
import { pkcs8Bytes } from "../pkcs8.ts";
import { checkPrivateJwk } from "../private-jwk.ts";
import { derivePoint, readPkcs8 } from "../read-pkcs8.ts";
import { type Jwk, type KeyOptions, type TokenBindingKey } from "../types.ts";
import { algorithms, localKey, subtle } from "./local-key.ts";

/**
 * Reads a private key from a JSON Web Key, RFC 7518 section 6.
 *
 * @param jwk - an RSA key of 2048 bits with its primes, or an EC key on P-256; `alg`, if given, must fit
 * @param keyParameters - what the key is to be used for; an RSA key serves either RSA scheme. What `alg` says
 *   when left out
 * @throws TokenBindingError `key_import` when it is no such key or its parts do not belong together,
 *   `unsupported_runtime` without WebCrypto
 * @example
 * const key = await importPrivateJwk(JSON.parse(text), "ecdsap256");
 */
export async function importPrivateJwk(
  jwk: Jwk,
  keyParameters?: KeyParameters,
  options?: KeyOptions,
): Promise<TokenBindingKey> {
  const checked = checkPrivateJwk(jwk, keyParameters, derivePoint);
  const privateKey = await subtle().importKey(
    "jwk",
    checked.jwk,
    algorithms[checked.keyParameters],
    options?.extractable ?? false,
    ["sign"],
  );
  return localKey(checked, privateKey, options);
}

/**
 * Reads an unencrypted PrivateKeyInfo, RFC 5208 section 5, of an rsaEncryption or id-ecPublicKey key.
 *
 * @param pkcs8 - DER, or PEM with the label `PRIVATE KEY`
 * @param keyParameters - what the key is to be used for; an RSA key serves either RSA scheme
 * @throws TokenBindingError `key_import` when it is no such key or its parts do not belong together,
 *   `unsupported_runtime` without WebCrypto
 * @example
 * const key = await importPkcs8(pem, "rsa2048_pss");
 */
export async function importPkcs8(
  pkcs8: Uint8Array | string,
  keyParameters: KeyParameters,
  options?: KeyOptions,
): Promise<TokenBindingKey> {
  checkKeyParameters(keyParameters);
  return importPrivateJwk(readPkcs8(pkcs8Bytes(pkcs8)), keyParameters, options);
}
