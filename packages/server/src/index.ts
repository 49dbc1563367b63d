export { TokenBindingError } from "@tokbind/codec";
export { type NegotiatedTokenBinding, negotiatedTokenBinding, withTokenBinding } from "@tokbind/tls";
export { BoundCookie, type BoundCookieOptions } from "./bound-cookie.ts";
export { checkBoundToken, type TokenBindingConfirmation } from "./bound-token.ts";
export { KnownKeys } from "./known-keys.ts";
export { type NodeRequest } from "./sec-token-binding-field.ts";
export { createVerifier, type Verifier, type VerifierOptions } from "./verifier.ts";
export {
  type ProvidedTokenBinding,
  type ReferredTokenBinding,
  type VerifiedTokenBindings,
} from "./verified-token-bindings.ts";
export {
  type MessageVerificationOptions,
  type TokenBindingConnection,
  verifyTokenBindingMessage,
} from "./verify-token-binding-message.ts";
