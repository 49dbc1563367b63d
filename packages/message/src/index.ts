export {
  createTokenBindingMessage,
  type TokenBindingMessageOptions,
} from "./create-token-binding-message.ts";
export {
  MessageVerifier,
  type MessageVerifierOptions,
  type TokenBindingConnection,
} from "./message-verifier.ts";
export {
  type ProvidedTokenBinding,
  providedIdentity,
  referredIdentity,
  type ReferredTokenBinding,
  type VerifiedMessage,
} from "./verified-message.ts";
