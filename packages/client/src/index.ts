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
export type { SentRequest } from "./agent/sent-request.ts";
export type { TlsOptions } from "./agent/tls-options.ts";
export { TokenBindingAgent, type TokenBindingAgentOptions } from "./agent/token-binding-agent.ts";
export type {
  HttpsAgentOptionName,
  TokenBindingHttpsAgentOptions,
} from "./https-agent/https-agent-options.ts";
export { TokenBindingHttpsAgent } from "./https-agent/token-binding-https-agent.ts";
export { FileKeyStore, type FileKeyStoreOptions } from "./keys/file-key-store.ts";
export { MemoryKeyStore } from "./keys/memory-key-store.ts";
export { scopeOf } from "./keys/scope-of.ts";
export type { ProxyOptions, ProxyTlsOptions } from "./proxy/proxy-options.ts";
export type { TokenBindingKeyStore } from "./keys/token-binding-key-store.ts";
