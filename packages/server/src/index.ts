export { type KeyParameters, TokenBindingError, type TokenBindingErrorCode } from "@tokbind/codec";
export type { ProvidedTokenBinding, ReferredTokenBinding, TokenBindingConnection } from "@tokbind/message";
export {
  type NegotiatedTokenBinding,
  type NotAPromise,
  negotiatedTokenBinding,
  type TokenBindingOptions,
  withTokenBinding,
} from "@tokbind/tls";
export { BoundCookie } from "./bound-cookie.ts";
export type { BoundCookieOptions } from "./bound-cookie-options.ts";
export {
  type BoundTokenOptions,
  checkBoundToken,
  type Confirmation,
  type Proof,
} from "./check-bound-token.ts";
export type { NodeRequest } from "./node-request.ts";
export type { RequestTokenBindings, RequestVerifier } from "./request-verifier.ts";
export { TokenBindingVerifier, type TokenBindingVerifierOptions } from "./token-binding-verifier.ts";
export {
  type SecTokenBindingOptions,
  type VerifiedTokenBindings,
  verifySecTokenBinding,
} from "./verify-sec-token-binding.ts";
