export { type TlsOptions } from "./connect-origin.ts";
export { type KeyParameters, TokenBindingError, type TokenBindingErrorCode } from "@tokbind/codec";
export { createTokenBindingMessage, type TokenBindingMessageOptions } from "@tokbind/message";
export {
  type NegotiatedTokenBinding,
  negotiatedTokenBinding,
  type TokenBindingOptions,
  withTokenBinding,
} from "@tokbind/tls";
export { FileKeyStore } from "./file-key-store.ts";
export { MemoryKeyStore } from "./memory-key-store.ts";
export { scopeOf } from "./scope-of.ts";
export { type SentRequest } from "./sent-request.ts";
export { TokenBindingAgent, type TokenBindingAgentOptions } from "./token-binding-agent.ts";
export { type TokenBindingKeyStore } from "./token-binding-key-store.ts";
