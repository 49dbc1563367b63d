import { timingSafeEqual } from "node:crypto";
import { TokenBindingError } from "@tokbind/codec";
import type { ProvidedTokenBinding } from "./verified-token-bindings.ts";

/** The `cnf` member of a bound JWT (draft-ietf-oauth-token-binding-08 section 3.4, OpenID TBA section 2). */
export interface TokenBindingConfirmation {
  /** base64url of the SHA-256 of the Token Binding ID, 43 characters. */
  readonly tbh?: string | undefined;
}

/**
 * Decides whether a token may be honoured on a request (RFC 8471 section 5): a bound token only together with
 * the Token Binding ID it is bound to. The token itself must have been authenticated before.
 *
 * @param cnf - the token's confirmation, undefined for a token that is not bound
 * @param provided - what the request proved, undefined when it proved nothing
 * @param acceptUnbound - whether tokens that are not bound are honoured (TBP-5-05)
 * @throws TokenBindingError `token_unbound`, `token_binding_missing` or `token_binding_mismatch`
 */
export function checkBoundToken(
  cnf: TokenBindingConfirmation | null | undefined,
  provided: ProvidedTokenBinding | undefined,
  acceptUnbound = false,
): void {
  if (cnf === undefined) {
    if (acceptUnbound) return;
    throw new TokenBindingError("token_unbound", "expected a bound token, got one without cnf.tbh");
  }
  if (typeof cnf !== "object" || cnf === null || typeof cnf.tbh !== "string") {
    // Bound by some other means (an x5t#S256, say): nothing here can tell that it is satisfied.
    throw new TokenBindingError(
      "token_invalid",
      "expected the token's cnf to have a tbh, got another member",
    );
  }
  if (provided === undefined) {
    throw new TokenBindingError(
      "token_binding_missing",
      "the token is bound, and the request proved no Token Binding",
    );
  }
  if (!equal(cnf.tbh, provided.tbh)) {
    throw new TokenBindingError(
      "token_binding_mismatch",
      "the token is bound to another key than the request proved",
    );
  }
}

function equal(a: string, b: string): boolean {
  const [x, y] = [Buffer.from(a), Buffer.from(b)];
  return x.length === y.length && timingSafeEqual(x, y);
}
