import { TokenBindingError } from "@tokbind/codec";
import type { Confirmation, Proof } from "../check-bound-token.ts";

/**
 * What a request proved: what a verifier returned for it, or the hashes themselves. `undefined` for nothing.
 *
 * With both kinds of verifier: `{ tbh: binding?.provided.tbh, "x5t#S256": certificate?.["x5t#S256"] }`.
 */
export type RequestProof = { readonly provided: { readonly tbh: string } } | Proof;

/** @throws TokenBindingError `invalid_argument` for something else, a request for instance */
export function proofOf(proof: RequestProof | undefined): Proof {
  const given = (proof ?? {}) as Partial<Record<"provided" | keyof Proof, unknown>>;
  const tbh = (given.provided as Proof | null | undefined)?.tbh ?? given.tbh;
  const known = { tbh, "x5t#S256": given["x5t#S256"] };
  const hashes = Object.values(known).filter((hash) => hash !== undefined);
  // Another object, a promise that nobody awaited for instance, was passed by mistake: it does not prove nothing.
  const isNothing =
    Object.getPrototypeOf(given) === Object.prototype &&
    Object.keys(given).every((name) => Object.hasOwn(known, name));
  if ((hashes.length > 0 || isNothing) && hashes.every(isHash)) return known as Proof;
  throw new TokenBindingError(
    "invalid_argument",
    "expected what the request proved, such as verifier.verify(request), got something else",
  );
}

/**
 * The one key that a token is bound to: the Token Binding if the request proved one, else the client certificate, else
 * none. A Token Binding comes first because it outlives the renewal of a certificate.
 */
// A token that named both would be lost with either (CNF-02).
export function confirmationOf({ tbh, "x5t#S256": thumbprint }: Proof): Confirmation | undefined {
  if (tbh !== undefined) return { tbh };
  return thumbprint === undefined ? undefined : { "x5t#S256": thumbprint };
}

/** SHA-256 in base64url. */
function isHash(value: unknown): boolean {
  return typeof value === "string" && /^[\w-]{43}$/.test(value);
}
