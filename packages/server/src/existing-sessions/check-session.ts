import { type BoundTokenOptions, checkBoundToken } from "../check-bound-token.ts";
import { proofOf, type RequestProof } from "../sessions/request-proof.ts";
import { bindableSession } from "./bind-session.ts";

/**
 * Decides whether a session that {@link bindSession} has bound may be honoured on a request. Call it at each request that
 * needs a login, before anything in the session is believed.
 *
 * @throws TokenBindingError `token_unbound` for a session that was never bound, unless that is accepted;
 *   `token_binding_missing` or `token_binding_mismatch`; `token_invalid` when its `cnf` is not ours; `invalid_argument`
 *   for what is no session
 * @example
 * checkSession(request.session, verifier.verify(request));
 */
export function checkSession(
  session: object,
  proof: RequestProof | undefined,
  options: BoundTokenOptions = {},
): void {
  checkBoundToken(bindableSession("checkSession", session).cnf, proofOf(proof), options);
}
