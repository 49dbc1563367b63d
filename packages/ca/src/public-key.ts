import { createPublicKey, type KeyObject } from "node:crypto";
import { TokenBindingError } from "@tokbind/codec";

const minModulusLength = 2048;
// Verifying with a longer one costs a server more than a handshake should.
const maxModulusLength = 8192;
const minPublicExponent = 65_537n;

/**
 * Reads the public key of somebody who asks for a certificate, and refuses a weak one: RSA of fewer than 2,048 bits, with an
 * even modulus or an exponent that is even or below 65,537 (FIPS 186-5), and every curve but P-256 and P-384.
 *
 * @param spki - SubjectPublicKeyInfo, DER
 * @throws TokenBindingError `certificate_request`
 */
export function readPublicKey(spki: Uint8Array): KeyObject {
  let key: KeyObject;
  try {
    key = createPublicKey({ key: Buffer.from(spki), format: "der", type: "spki" });
  } catch {
    throw refused("another key");
  }
  if (key.asymmetricKeyType === "ec") checkCurve(key);
  else if (key.asymmetricKeyType === "rsa") checkRsa(key);
  else throw refused(`a key of type ${key.asymmetricKeyType}`);
  return key;
}

function checkCurve(key: KeyObject): void {
  const curve = key.asymmetricKeyDetails?.namedCurve;
  if (curve !== "prime256v1" && curve !== "secp384r1") throw refused(`the curve ${curve ?? "of no name"}`);
}

function checkRsa(key: KeyObject): void {
  const { modulusLength = 0, publicExponent = 0n } = key.asymmetricKeyDetails ?? {};
  if (modulusLength < minModulusLength || modulusLength > maxModulusLength) {
    throw refused(`RSA of ${modulusLength} bits`);
  }
  if (publicExponent < minPublicExponent || publicExponent % 2n === 0n) {
    throw refused(`RSA with the exponent ${publicExponent}`);
  }
  const modulus = Buffer.from(key.export({ format: "jwk" }).n!, "base64url");
  if (modulus.at(-1)! % 2 === 0) throw refused("RSA with an even modulus");
}

function refused(got: string): TokenBindingError {
  return new TokenBindingError(
    "certificate_request",
    `certificate request: expected a key on P-256 or P-384, or RSA of ${minModulusLength} to ${maxModulusLength} bits ` +
      `with an odd exponent of ${minPublicExponent} or more, got ${got}`,
  );
}
