export { type KeyParameters, TokenBindingError, type TokenBindingErrorCode } from "@tokbind/codec";
export {
  type ProvidedTokenBinding,
  type ReferredTokenBinding,
  type TokenBindingConnection,
} from "@tokbind/message";
export {
  type NegotiatedTokenBinding,
  negotiatedTokenBinding,
  type TokenBindingOptions,
  withTokenBinding,
} from "@tokbind/tls";
export { BoundCookie } from "./bound-cookie.ts";
export { type BoundCookieOptions } from "./bound-cookie-options.ts";
export {
  type BoundTokenOptions,
  checkBoundToken,
  type Confirmation,
  type Proof,
} from "./check-bound-token.ts";
export { type NodeRequest } from "./node-request.ts";
export {
  ProxiedTokenBindingVerifier,
  type ProxiedTokenBindings,
  type ProxiedTokenBindingVerifierOptions,
} from "./proxied/proxied-token-binding-verifier.ts";
export { type TrustedProxies } from "./proxied/trusted-proxies.ts";
export { type RequestPolicy } from "./request-policy.ts";
export { type NegotiatedEvent, type RequestEvent } from "./diagnostics.ts";
export { TokenBindingVerifier, type TokenBindingVerifierOptions } from "./token-binding-verifier.ts";
export {
  type SecTokenBindingOptions,
  type VerifiedTokenBindings,
  verifySecTokenBinding,
} from "./verify-sec-token-binding.ts";
