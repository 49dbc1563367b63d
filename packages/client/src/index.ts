export { type KeyParameters, TokenBindingError, type TokenBindingErrorCode } from "@tokbind/codec";
export {
  decodeEcdsaSigValue,
  importCryptoKeyPair,
  importSpki,
  type TokenBindingKey,
  type WebCryptoKey,
  type WebCryptoKeyPair,
} from "@tokbind/crypto";
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
export type { TokenBindingAgentOptions } from "./agent/agent-options.ts";
export type { AnyUndiciAgent, AnyUndiciMethods } from "./agent/any-undici-agent.ts";
export type { HttpOptions, ReceiverOptions } from "./agent/http-options.ts";
export { TokenBindingAgent } from "./agent/token-binding-agent.ts";
export { FileKeyStore, type FileKeyStoreOptions } from "./keys/file-key-store.ts";
export type { CreationTimes } from "./keys/lifetime.ts";
export { MemoryKeyStore, type MemoryKeyStoreOptions } from "./keys/memory-key-store.ts";
export { scopeOf } from "./keys/scope-of.ts";
export { refer } from "./redirects/refer.ts";
export type { Referral } from "./redirects/referral.ts";
export { referralIn } from "./redirects/referral-in.ts";
export type { ResponseHeaders } from "./redirects/field-values.ts";
export type {
  HttpsAgentOptionName,
  TokenBindingHttpsAgentOptions,
} from "./https-agent/https-agent-options.ts";
export { TokenBindingHttpsAgent } from "./https-agent/token-binding-https-agent.ts";
export type { ProxyOptions, ProxyTlsOptions } from "./proxy/proxy-options.ts";
export { SshAgentKeyStore, type SshAgentKeyStoreOptions } from "./keys/ssh-agent-key-store.ts";
export type { StoredKey } from "./keys/stored-key.ts";
export type { TokenBindingKeyStore } from "./keys/token-binding-key-store.ts";
