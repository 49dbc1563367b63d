import { checkKeyParameters, type KeyParameters } from "@tokbind/codec";
import { der, derInteger, p256Algorithm, rsaAlgorithm, tags, uncompressed } from "./der.ts";
import { exportPrivateJwk, importPrivateJwk } from "./private-jwk.ts";
import { jwkMember } from "./public-jwk.ts";
import type { Jwk, KeyOptions, TokenBindingKey } from "./types.ts";

/**
 * The private key as an unencrypted PrivateKeyInfo, RFC 5208 section 5, with RSAPrivateKey (RFC 8017 appendix
 * A.1.2) or ECPrivateKey (RFC 5915) inside. Both RSA types are written as rsaEncryption, as WebCrypto does.
 *
 * @returns DER; 138 bytes for ecdsap256, about 1217 for RSA
 * @throws TokenBindingError `invalid_argument` when the key is not extractable
 * @example
 * const pem = encodePem("PRIVATE KEY", await exportPkcs8(key));
 */
export async function exportPkcs8(key: TokenBindingKey): Promise<Uint8Array> {
  const jwk = await exportPrivateJwk(key);
  const isEc = key.keyParameters === "ecdsap256";
  return der(
    tags.sequence,
    derInteger(Uint8Array.of(0)),
    isEc ? p256Algorithm : rsaAlgorithm,
    der(tags.octetString, isEc ? ecPrivateKey(jwk) : rsaPrivateKey(jwk)),
  );
}

/**
 * Reads an unencrypted PrivateKeyInfo, RFC 5208 section 5, of an rsaEncryption or id-ecPublicKey key.
 *
 * @param pkcs8 - DER, or PEM with the label `PRIVATE KEY`
 * @param keyParameters - what the key is to be used for; an RSA key serves either RSA scheme
 * @param options - not extractable unless asked for
 * @throws TokenBindingError `key_import` when it is no such key or its parts do not belong together;
 *   `invalid_argument` for unknown key parameters or options; `unsupported_runtime` in a runtime other than Node
 *   without WebCrypto. No message or cause shows a part of the key
 * @example
 * const key = await importPkcs8(await readFile("key.pem", "utf8"), "rsa2048_pss");
 */
export async function importPkcs8(
  pkcs8: Uint8Array | string,
  keyParameters: KeyParameters,
  options?: KeyOptions,
): Promise<TokenBindingKey> {
  checkKeyParameters(keyParameters);
  // Loaded only here: the parser takes longer to load than all the rest.
  const { readPkcs8 } = await import("./read-pkcs8.ts");
  return importPrivateJwk(readPkcs8(pkcs8), keyParameters, options);
}

function rsaPrivateKey(jwk: Jwk): Uint8Array {
  const numbers = (["n", "e", "d", "p", "q", "dp", "dq", "qi"] as const).map((name) => jwkMember(jwk, name));
  return der(tags.sequence, derInteger(Uint8Array.of(0)), ...numbers.map(derInteger));
}

function ecPrivateKey(jwk: Jwk): Uint8Array {
  const point = [uncompressed, jwkMember(jwk, "x", 32), jwkMember(jwk, "y", 32)];
  return der(
    tags.sequence,
    derInteger(Uint8Array.of(1)),
    der(tags.octetString, jwkMember(jwk, "d", 32)),
    der(tags.context1, der(tags.bitString, Uint8Array.of(0), ...point)),
  );
}
