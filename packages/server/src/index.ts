export { type KeyParameters, TokenBindingError, type TokenBindingErrorCode } from "@tokbind/codec";
export type { ProvidedTokenBinding, ReferredTokenBinding, TokenBindingConnection } from "@tokbind/message";
export {
  type NegotiatedTokenBinding,
  type NotAPromise,
  negotiatedTokenBinding,
  renewCertificate,
  type RenewedCertificate,
  type TokenBindingOptions,
  withTokenBinding,
} from "@tokbind/tls";
export {
  type BoundTokenOptions,
  checkBoundToken,
  type Confirmation,
  type Proof,
} from "./check-bound-token.ts";
export { bindSession, type BindSessionOptions } from "./existing-sessions/bind-session.ts";
export { checkSession } from "./existing-sessions/check-session.ts";
export { CookieBinder, type CookieBinderOptions } from "./existing-sessions/cookie-binder.ts";
export { includeReferred, type RedirectResponse } from "./include-referred.ts";
export type {
  ClientCertificate,
  ClientKind,
  NodeRequest,
  SubjectAltNames,
  TrustedProxies,
} from "@tokbind/codec/node";
export type { CertificateVerifier, RequestTokenBindings, RequestVerifier } from "./request-verifier.ts";
export { BoundSession } from "./sessions/bound-session.ts";
export type { BoundSessionOptions } from "./sessions/bound-session-options.ts";
export type { CookieField } from "./sessions/cookie-field.ts";
export type { RequestProof } from "./sessions/request-proof.ts";
export type { AnyClaims, IssuedClaims, SessionClaims } from "./sessions/session-claims.ts";
export type { SessionCookieOptions } from "./sessions/session-cookie.ts";
export { MemoryStore, type MemoryStoreOptions } from "./stores/memory-store.ts";
export type { SessionStore, StoredSession } from "./stores/session-store.ts";
export {
  ProxiedTokenBindingVerifier,
  type ProxiedTokenBindingVerifierOptions,
} from "./proxied/proxied-token-binding-verifier.ts";
export type { RequestPolicy } from "./request-policy.ts";
export type { NegotiatedEvent, RequestEvent } from "./diagnostics.ts";
export { TokenBindingVerifier, type TokenBindingVerifierOptions } from "./token-binding-verifier.ts";
export {
  type SecTokenBindingOptions,
  type VerifiedTokenBindings,
  verifySecTokenBinding,
} from "./verify-sec-token-binding.ts";
