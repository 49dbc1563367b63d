import { type KeyParameters, TokenBindingError, type TokenBindingID } from "@tokbind/codec";
import { jwsAlgorithms } from "./key-parameters.ts";
import { equal, toBigInt } from "./numbers.ts";
import { importPublicJwk, jwkMember, useOf } from "./public-jwk.ts";
import { type Jwk, type TokenBindingKey } from "./types.ts";

/** A whole key pair whose parts belong together. */
export interface CheckedPrivateKey {
  readonly keyParameters: KeyParameters;
  readonly id: TokenBindingID;
  /** Only the members that make up the key, as {@link exportPrivateJwk} writes them. */
  readonly jwk: Jwk;
}

/** X then Y (64 bytes) of a private scalar of P-256 (32 bytes, 1 to n-1). Each backend brings its own. */
export type DerivePoint = (scalar: Uint8Array) => Uint8Array;

/**
 * The private key as a JSON Web Key, RFC 7518 section 6.
 *
 * @returns `kty`, `alg` and `crv`, `x`, `y`, `d` or `n`, `e`, `d`, `p`, `q`, `dp`, `dq`, `qi`
 * @throws TokenBindingError `invalid_argument` when the key is not extractable
 * @example
 * const key = await generateKey("ecdsap256", { extractable: true });
 * const jwk = await exportPrivateJwk(key);
 */
export async function exportPrivateJwk(key: TokenBindingKey): Promise<Jwk> {
  if (key.exportJwk !== undefined) return key.exportJwk();
  throw new TokenBindingError(
    "invalid_argument",
    "key: expected an extractable one, got one that is not; make or import it with { extractable: true }",
  );
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
 * The one judge of private keys, for both backends: size, type, and that the parts belong together.
 *
 * @throws TokenBindingError `key_import`; it shows no part of the key
 */
export function checkPrivateJwk(
  jwk: Jwk,
  use: KeyParameters | undefined,
  derivePoint: DerivePoint,
): CheckedPrivateKey {
  const keyParameters = useOf(jwk, use);
  const id = importPublicJwk(jwk, keyParameters);
  const fits =
    id.publicKey.kind === "ec" ? fitsPoint(jwk, id.publicKey.point, derivePoint) : fitsModulus(jwk);
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

function fitsPoint(jwk: Jwk, point: Uint8Array, derivePoint: DerivePoint): boolean {
  const scalar = jwkMember(jwk, "d", 32);
  return isScalar(scalar) && equal(derivePoint(scalar), point);
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
