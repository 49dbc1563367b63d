export { type KeyParameters, TokenBindingError, type TokenBindingErrorCode } from "@tokbind/codec";
export { createTokenBindingMessage, type TokenBindingMessageOptions } from "@tokbind/message";
export {
  type NegotiatedTokenBinding,
  type NotAPromise,
  negotiatedTokenBinding,
  type TokenBindingOptions,
  withTokenBinding,
} from "@tokbind/tls";
export type { Fetch } from "./agent/fetch.ts";
export type { RenewedClientCertificate } from "./agent/renewed-tls-options.ts";
export type { SentRequest } from "./agent/sent-request.ts";
export type { TlsOptions } from "./agent/tls-options.ts";
export { TokenBindingAgent, type TokenBindingAgentOptions } from "./agent/token-binding-agent.ts";
export { FileKeyStore, type FileKeyStoreOptions } from "./keys/file-key-store.ts";
export { MemoryKeyStore } from "./keys/memory-key-store.ts";
export { scopeOf } from "./keys/scope-of.ts";
export type { TokenBindingKeyStore } from "./keys/token-binding-key-store.ts";
