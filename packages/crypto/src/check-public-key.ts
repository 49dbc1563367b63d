import {
  type KeyParameters,
  keyParametersName,
  type RSAPublicKey,
  type TB_ECPoint,
  TokenBindingError,
  type TokenBindingID,
} from "@tokbind/codec";
import { described } from "@tokbind/codec/options";
import { isBytes } from "./check-arguments.ts";
import { toBigInt } from "./numbers.ts";

/** A public key that {@link checkPublicKey} has let through. */
export type CheckedPublicKey =
  | { readonly keyParameters: "ecdsap256"; readonly publicKey: TB_ECPoint }
  | { readonly keyParameters: Exclude<KeyParameters, "ecdsap256">; readonly publicKey: RSAPublicKey };

/**
 * Validates public keys for both backends, so that no verdict depends on a library's leniency. It also ensures
 * that one key has one ID (RFC 8471 section 3.2, A-09).
 *
 * @throws TokenBindingError `key_invalid`, or `invalid_argument` for what is no TokenBindingID
 */
export function checkPublicKey(id: TokenBindingID): CheckedPublicKey {
  checkShape(id);
  const keyParameters = keyParametersName(id.keyParameters);
  const { publicKey } = id;
  if (keyParameters === "ecdsap256" && publicKey.kind === "ec") {
    checkPoint(publicKey.point);
    return { keyParameters, publicKey };
  }
  if (keyParameters !== undefined && keyParameters !== "ecdsap256" && publicKey.kind === "rsa") {
    checkModulus(publicKey.modulus);
    checkPublicExponent(publicKey.publicExponent);
    return { keyParameters, publicKey };
  }
  throw invalid(
    "TokenBindingID.key_parameters",
    "0 or 1 with an RSA key or 2 with a point",
    `${id.keyParameters} with a key of kind "${publicKey.kind}"`,
  );
}

// P-256, SEC 2 section 2.4.2: y² = x³ - 3x + b modulo p.
const p = 0xffffffff00000001000000000000000000000000ffffffffffffffffffffffffn;
const b = 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604bn;

function checkPoint(point: Uint8Array): void {
  const field = "TB_ECPoint.point";
  if (point.length !== 64) throw invalid(field, "64 bytes, X then Y", `${point.length} bytes`);
  const x = toBigInt(point.subarray(0, 32));
  const y = toBigInt(point.subarray(32));
  if (x >= p || y >= p) throw invalid(field, "coordinates below the prime of P-256", "a larger one");
  if ((y * y - (x * x * x - 3n * x + b)) % p !== 0n) {
    throw invalid(field, "a point on P-256", "one that is not on it");
  }
}

function checkModulus(modulus: Uint8Array): void {
  const field = "RSAPublicKey.modulus";
  if (modulus.length !== 256) throw invalid(field, "256 bytes", `${modulus.length} bytes`);
  if (modulus[0]! < 0x80) throw invalid(field, "a number of 2048 bits, top bit set", "a smaller one");
  // No product of odd primes is even, and the arithmetic of the two backends is not made for it.
  if (modulus[255]! % 2 === 0) throw invalid(field, "an odd number", "an even one");
}

function checkPublicExponent(exponent: Uint8Array): void {
  const field = "RSAPublicKey.publicexponent";
  // With e = 1 the signature is its own proof: anybody could forge. Large exponents only cost us time.
  const expected = "an odd number from 3 to 2^32-1 without leading zeros";
  if (exponent.length > 4) throw invalid(field, expected, `${exponent.length} bytes`);
  const e = toBigInt(exponent);
  if (exponent[0] === 0 || e < 3n || e % 2n === 0n) {
    throw invalid(field, expected, exponent[0] === 0 ? "a leading zero" : `${e}`);
  }
}

/** Refuses what only a caller without types can give. */
function checkShape(id: unknown): void {
  const given = id as Partial<TokenBindingID> | null | undefined;
  const key = given?.publicKey;
  const isWhole =
    key?.kind === "opaque" ||
    (key?.kind === "ec" && isBytes(key.point)) ||
    (key?.kind === "rsa" && isBytes(key.modulus) && isBytes(key.publicExponent));
  if (typeof given?.keyParameters === "number" && isWhole) return;
  throw new TokenBindingError(
    "invalid_argument",
    `TokenBindingID: expected one that was decoded or made by encodeTokenBindingID, got ${described(id)}`,
  );
}

function invalid(field: string, expected: string, got: string): TokenBindingError {
  return new TokenBindingError("key_invalid", `${field}: expected ${expected}, got ${got}`, { field });
}
