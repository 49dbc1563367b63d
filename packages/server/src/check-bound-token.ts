import { timingSafeEqual } from "node:crypto";
import { TokenBindingError } from "@tokbind/codec";

/** The `cnf` claim of a bound token (RFC 7800 section 3.1): one member for each key that it is bound to. */
export interface Confirmation {
  /** base64url of the SHA-256 of the Token Binding ID, 43 characters (draft-ietf-oauth-token-binding-08 section 3.4). */
  readonly tbh?: string | undefined;
  /** base64url of the SHA-256 of the client certificate's DER, 43 characters (RFC 8705 section 3.1). */
  readonly "x5t#S256"?: string | undefined;
}

/** What a request has proven on its connection, by the names of {@link Confirmation}. */
export type Proof = Confirmation;

/** Options of {@link checkBoundToken}. */
export interface BoundTokenOptions {
  /** Whether tokens that are not bound are honoured (RFC 8471 section 5 leaves it open). Default false. */
  readonly acceptUnbound?: boolean | undefined;
}

const proofs = { tbh: "Token Binding", "x5t#S256": "client certificate" } as const;

/**
 * Decides whether a token may be honoured on a request (RFC 8471 section 5, RFC 8705 section 3): a bound token only
 * where every member of its `cnf` is proven. A member that is not known here is not proven. The token itself must have
 * been authenticated before.
 *
 * @param cnf - the token's confirmation, undefined for a token that is not bound
 * @param proof - what the request proved, for instance `verifier.verify(request)?.provided`; undefined for nothing
 * @throws TokenBindingError `token_unbound`, `token_invalid`, `token_binding_missing` or `token_binding_mismatch`
 * @example
 * checkBoundToken(claims.cnf, verifier.verify(request)?.provided);
 */
export function checkBoundToken(
  cnf: Confirmation | null | undefined,
  proof: Proof | undefined,
  { acceptUnbound = false }: BoundTokenOptions = {},
): void {
  if (cnf === undefined) {
    if (acceptUnbound) return;
    throw new TokenBindingError("token_unbound", "expected a bound token, got one without cnf");
  }
  const members = typeof cnf === "object" && cnf !== null ? Object.entries(cnf) : [];
  if (members.length === 0) {
    throw new TokenBindingError("token_invalid", "expected the token's cnf to name a key, got none");
  }
  for (const [name, value] of members as [string, unknown][]) {
    if (!isProvable(name) || typeof value !== "string") {
      throw new TokenBindingError(
        "token_invalid",
        `expected the token's cnf to have only ${Object.keys(proofs).join(" and ")}, got another member`,
      );
    }
    checkMember(name, value, proof?.[name]);
  }
}

function isProvable(name: string): name is keyof typeof proofs {
  return Object.hasOwn(proofs, name);
}

function checkMember(name: keyof typeof proofs, expected: string, proven: string | undefined): void {
  if (proven === undefined) {
    throw new TokenBindingError(
      "token_binding_missing",
      `the token is bound to a ${proofs[name]}, and the request proved none`,
    );
  }
  if (!isEqual(expected, proven)) {
    throw new TokenBindingError(
      "token_binding_mismatch",
      `the token is bound to another ${proofs[name]} than the request proved`,
    );
  }
}

function isEqual(a: string, b: string): boolean {
  const [x, y] = [Buffer.from(a), Buffer.from(b)];
  return x.length === y.length && timingSafeEqual(x, y);
}
