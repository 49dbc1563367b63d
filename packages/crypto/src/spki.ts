import {
  checkKeyParameters,
  type KeyParameters,
  type RSAPublicKey,
  type TB_ECPoint,
  TokenBindingError,
  type TokenBindingID,
} from "@tokbind/codec";
import { checkPublicKey } from "./check-public-key.ts";
import { der, derBitString, derInteger, p256Algorithm, rsaAlgorithm, tags, uncompressed } from "./der.ts";
import { equal, withoutLeadingZeros } from "./numbers.ts";
import { derOf } from "./pem.ts";
import { importedId } from "./public-jwk.ts";

/**
 * The public key of a TokenBindingID as a SubjectPublicKeyInfo, RFC 5280 section 4.1.2.7. Both RSA types are
 * written as rsaEncryption, as WebCrypto does.
 *
 * @returns DER; 91 bytes for ecdsap256, 294 for RSA with a 3-byte exponent
 * @throws TokenBindingError `key_invalid` when the ID holds no valid key, `invalid_argument` for what is no ID
 * @example
 * const pem = encodePem("PUBLIC KEY", exportSpki(key.id));
 */
export function exportSpki(id: TokenBindingID): Uint8Array {
  return encodeSpki(checkPublicKey(id).publicKey);
}

/**
 * Reads a SubjectPublicKeyInfo: exactly what {@link exportSpki} writes, and what OpenSSL, WebCrypto, Java and Go
 * write too. Compressed points, the algorithm id-RSASSA-PSS, other key sizes and anything that is not DER are
 * refused, so one key has one form.
 *
 * @param spki - DER, or PEM with the label `PUBLIC KEY`
 * @param keyParameters - what the key is to be used for; an RSA key serves either RSA scheme
 * @throws TokenBindingError `key_import` for any other key, `invalid_argument` for unknown key parameters
 * @example
 * const id = importSpki(await readFile("key.pem", "utf8"), "ecdsap256");
 */
export function importSpki(spki: Uint8Array | string, keyParameters: KeyParameters): TokenBindingID {
  checkKeyParameters(keyParameters);
  const bytes = derOf(spki, "PUBLIC KEY");
  const publicKey = keyParameters === "ecdsap256" ? slicePoint(bytes) : sliceNumbers(bytes);
  if (!equal(encodeSpki(publicKey), bytes)) {
    const expected =
      keyParameters === "ecdsap256"
        ? "id-ecPublicKey with secp256r1 and an uncompressed point (91 bytes)"
        : "rsaEncryption with 2048 bits (294 bytes with a 3-byte exponent), not id-RSASSA-PSS";
    throw new TokenBindingError(
      "key_import",
      `SubjectPublicKeyInfo for ${keyParameters}: expected DER of ${expected}, got ${bytes.length} other bytes`,
    );
  }
  return importedId(keyParameters, publicKey);
}

/** The SubjectPublicKeyInfo of a public key that has been checked. */
export function encodeSpki(publicKey: RSAPublicKey | TB_ECPoint): Uint8Array {
  if (publicKey.kind === "ec") {
    const point = der(tags.bitString, Uint8Array.of(0), uncompressed, publicKey.point);
    return der(tags.sequence, p256Algorithm, point);
  }
  const numbers = der(tags.sequence, derInteger(publicKey.modulus), derInteger(publicKey.publicExponent));
  return der(tags.sequence, rsaAlgorithm, derBitString(numbers));
}

// As all sizes are fixed, so are the offsets of the parts. Encoding them again checks everything else.
function slicePoint(spki: Uint8Array): TB_ECPoint {
  return { kind: "ec", point: spki.slice(27) };
}

function sliceNumbers(spki: Uint8Array): RSAPublicKey {
  const modulus = spki.slice(33, 289);
  return { kind: "rsa", modulus, publicExponent: withoutLeadingZeros(spki.slice(291)) };
}
