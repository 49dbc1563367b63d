import { backend } from "#backend";
import { type KeyParameters, TokenBindingError, type TokenBindingID } from "@tokbind/codec";
import { jwsAlgorithms } from "./key-parameters.ts";
import { equal, toBigInt } from "./numbers.ts";
import { importPublicJwk, jwkMember, useOf } from "./public-jwk.ts";
import type { Jwk } from "./types.ts";

/** A whole key pair whose parts belong together. */
export interface CheckedPrivateKey {
  readonly keyParameters: KeyParameters;
  readonly id: TokenBindingID;
  /** Only the members that make up the key, as `exportPrivateJwk` writes them. */
  readonly jwk: Jwk;
}

const rsaMembers = ["n", "e", "d", "p", "q", "dp", "dq", "qi"] as const;
const ecMembers = ["x", "y", "d"] as const;

/** The members that make up a private key, out of a JWK that may have others. */
export function privateMembers(jwk: Jwk, keyParameters: KeyParameters): Jwk {
  const alg = jwsAlgorithms[keyParameters];
  const isEc = keyParameters === "ecdsap256";
  const members: Jwk = isEc ? { kty: "EC", alg, crv: "P-256" } : { kty: "RSA", alg };
  for (const name of isEc ? ecMembers : rsaMembers) members[name] = jwk[name]!;
  return members;
}

/**
 * Validates private keys for both backends: size, type, and that the parts belong together.
 *
 * @throws TokenBindingError `key_import`; it shows no part of the key
 */
export function checkPrivateJwk(jwk: Jwk, use: KeyParameters | undefined): CheckedPrivateKey {
  const keyParameters = useOf(jwk, use);
  const id = importPublicJwk(jwk, keyParameters);
  const fits = id.publicKey.kind === "ec" ? fitsPoint(jwk, id.publicKey.point) : fitsModulus(jwk);
  if (!fits) {
    throw new TokenBindingError(
      "key_import",
      `private key for ${keyParameters}: expected a private half that belongs to the public half, got another` +
        "; export the key again from where it came",
    );
  }
  return { keyParameters, id, jwk: privateMembers(jwk, keyParameters) };
}

// Order of P-256, SEC 2 section 2.4.2.
const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

function fitsPoint(jwk: Jwk, point: Uint8Array): boolean {
  const scalar = jwkMember(jwk, "d", 32);
  return isScalar(scalar) && equal(backend.derivePoint(scalar), point);
}

/** Whether these bytes are a private scalar of P-256: 32 bytes, 1 to n-1. */
export function isScalar(bytes: Uint8Array): boolean {
  const d = toBigInt(bytes);
  return bytes.length === 32 && d > 0n && d < order;
}

// RFC 8017 section 3.2: all that has to hold between the numbers, but for p and q being prime.
function fitsModulus(jwk: Jwk): boolean {
  const [n, e, d, p, q, dp, dq, qi] = rsaMembers.map((name) => toBigInt(jwkMember(jwk, name))) as Numbers;
  return (
    p > 1n &&
    q > 1n &&
    p * q === n &&
    d < n &&
    (e * d) % (p - 1n) === 1n &&
    (e * d) % (q - 1n) === 1n &&
    dp === d % (p - 1n) &&
    dq === d % (q - 1n) &&
    qi < p &&
    (qi * q) % p === 1n
  );
}

type Numbers = [bigint, bigint, bigint, bigint, bigint, bigint, bigint, bigint];
