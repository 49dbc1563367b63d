import { TokenBindingError } from "@tokbind/codec";
import { type BoundTokenOptions, checkBoundToken, type Confirmation } from "../check-bound-token.ts";
import { confirmationOf, proofOf, type RequestProof } from "../sessions/request-proof.ts";

/** The member of a session in which its binding is kept, named after the claim of RFC 7800. */
export interface BindableSession {
  cnf?: Confirmation | undefined;
}

/** Options of {@link bindSession}. */
export interface BindSessionOptions extends BoundTokenOptions {
  /** Bind to what this request proved, whatever the session was bound to before. Default false. */
  readonly rebind?: boolean | undefined;
}

/**
 * Binds a session that an application has already (express-session, `@fastify/session`, iron-session …) to what the request
 * proved, the Token Binding or else the client certificate. Call it at login, after the session was regenerated; its
 * member `cnf` says from then on what {@link checkSession} demands.
 *
 * A session that is bound already stays as it is, and the request must prove the same key.
 *
 * @param session - is changed; save it as usual
 * @throws TokenBindingError `token_binding_missing` when the request proved nothing and unbound sessions are not accepted;
 *   for a session that is bound already the codes of {@link checkSession}; `invalid_argument` for what is no session
 * @example
 * await promisify(request.session.regenerate.bind(request.session))();
 * bindSession(request.session, binding);
 * request.session.user = "alice";
 */
export function bindSession(
  session: object,
  proof: RequestProof | undefined,
  { acceptUnbound = false, rebind = false }: BindSessionOptions = {},
): void {
  const bindable = bindableSession("bindSession", session);
  const proven = proofOf(proof);
  if (bindable.cnf !== undefined && !rebind) {
    checkBoundToken(bindable.cnf, proven);
    return;
  }
  const cnf = confirmationOf(proven);
  if (cnf !== undefined) {
    bindable.cnf = cnf;
  } else if (!acceptUnbound || bindable.cnf !== undefined) {
    throw new TokenBindingError(
      "token_binding_missing",
      "binding a session needs a request that proved a Token Binding or a client certificate",
    );
  }
}

/** @throws TokenBindingError `invalid_argument` */
export function bindableSession(caller: string, session: object | null | undefined): BindableSession {
  if (typeof session === "object" && session !== null) return session;
  throw new TokenBindingError(
    "invalid_argument",
    `${caller}: expected the request's session, got none; is the session's middleware in front, and its store connected?`,
  );
}
