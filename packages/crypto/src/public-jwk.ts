import {
  checkKeyParameters,
  decodeBase64url,
  encodeBase64url,
  encodeTokenBindingID,
  type KeyParameters,
  keyParametersCodes,
  TokenBindingError,
  type TokenBindingID,
  type TokenBindingPublicKey,
} from "@tokbind/codec";
import { described } from "@tokbind/codec/options";
import { type CheckedPublicKey, checkPublicKey } from "./check-public-key.ts";
import { jwsAlgorithms } from "./key-parameters.ts";
import { concat } from "./numbers.ts";
import type { Jwk } from "./types.ts";

/**
 * The public key of a TokenBindingID as a JSON Web Key, RFC 7518 section 6.
 *
 * @returns `kty`, `alg` and `crv`, `x`, `y` or `n`, `e`
 * @throws TokenBindingError `key_invalid` when the ID holds no valid key, `invalid_argument` for what is no ID
 * @example
 * const { x, y } = exportPublicJwk(key.id);
 */
export function exportPublicJwk(id: TokenBindingID): Jwk {
  return publicMembers(checkPublicKey(id));
}

/** The JWK of a public key that has been checked. */
export function publicMembers({ keyParameters, publicKey }: CheckedPublicKey): Jwk {
  const alg = jwsAlgorithms[keyParameters];
  if (publicKey.kind === "rsa") {
    return {
      kty: "RSA",
      alg,
      n: encodeBase64url(publicKey.modulus),
      e: encodeBase64url(publicKey.publicExponent),
    };
  }
  return {
    kty: "EC",
    alg,
    crv: "P-256",
    x: encodeBase64url(publicKey.point.subarray(0, 32)),
    y: encodeBase64url(publicKey.point.subarray(32)),
  };
}

/**
 * Reads a public key from a JSON Web Key, RFC 7518 section 6. Private members are left unread.
 *
 * @param jwk - an RSA key of 2048 bits or an EC key on P-256; `alg`, if given, must fit the key parameters
 * @param keyParameters - what the key is to be used for; an RSA key serves either RSA scheme. What `alg` says
 *   when left out
 * @throws TokenBindingError `key_import`
 * @example
 * const id = importPublicJwk(JSON.parse(text), "ecdsap256");
 */
export function importPublicJwk(jwk: Jwk, keyParameters?: KeyParameters): TokenBindingID {
  const use = useOf(jwk, keyParameters);
  const kty = use === "ecdsap256" ? "EC" : "RSA";
  expectMember(jwk, "kty", kty, use);
  if (jwk.alg !== undefined) expectMember(jwk, "alg", jwsAlgorithms[use], use);
  if (kty === "RSA") {
    return importedId(use, {
      kind: "rsa",
      modulus: jwkMember(jwk, "n"),
      publicExponent: jwkMember(jwk, "e"),
    });
  }
  expectMember(jwk, "crv", "P-256", use);
  return importedId(use, {
    kind: "ec",
    point: concat(jwkMember(jwk, "x", 32), jwkMember(jwk, "y", 32)),
  });
}

/** What a JWK is to be used for: what the caller says, or else the `alg` in it. */
export function useOf(jwk: Jwk, keyParameters: KeyParameters | undefined): KeyParameters {
  const given: unknown = jwk;
  if (typeof given !== "object" || given === null) {
    throw new TokenBindingError("key_import", `JWK: expected an object, got ${described(given)}`);
  }
  if (keyParameters !== undefined) {
    checkKeyParameters(keyParameters);
    return keyParameters;
  }
  const entry = Object.entries(jwsAlgorithms).find(([, alg]) => alg === jwk.alg);
  if (entry !== undefined) return entry[0] as KeyParameters;
  throw new TokenBindingError(
    "key_import",
    `JWK: expected "alg" to be ES256, RS256 or PS256, got ${described(jwk.alg)}; ` +
      "or name the key parameters",
  );
}

/** Makes the ID of an imported public key, and refuses an invalid key as an import error. */
export function importedId(keyParameters: KeyParameters, publicKey: TokenBindingPublicKey): TokenBindingID {
  try {
    const id = encodeTokenBindingID(keyParametersCodes[keyParameters], publicKey);
    checkPublicKey(id);
    return id;
  } catch (cause) {
    const reason = cause instanceof TokenBindingError ? cause.message : "";
    throw new TokenBindingError("key_import", `no public key for ${keyParameters}: ${reason}`, { cause });
  }
}

/** The bytes of a base64url member; the message of its error never shows the value. */
export function jwkMember(jwk: Jwk, name: keyof Jwk, length?: number): Uint8Array {
  const text: unknown = jwk[name];
  if (typeof text !== "string") {
    throw new TokenBindingError("key_import", `JWK: expected the member "${name}" as a string, got none`);
  }
  const bytes = decodeMember(text, name);
  if (length !== undefined && bytes.length !== length) {
    throw new TokenBindingError(
      "key_import",
      `JWK: expected ${length} bytes in "${name}" (RFC 7518 section 6.2), got ${bytes.length}`,
    );
  }
  return bytes;
}

function decodeMember(text: string, name: string): Uint8Array {
  try {
    return decodeBase64url(text);
  } catch {
    // Without the cause: it names a character, and the member may be a secret.
    throw new TokenBindingError(
      "key_import",
      `JWK: expected base64url without padding in "${name}", got ${text.length} other characters`,
    );
  }
}

function expectMember(jwk: Jwk, name: "kty" | "alg" | "crv", expected: string, use: KeyParameters): void {
  if (jwk[name] === expected) return;
  throw new TokenBindingError(
    "key_import",
    `JWK: expected "${name}" to be "${expected}" for ${use}, got ${described(jwk[name])}`,
  );
}
