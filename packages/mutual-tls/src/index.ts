export { TokenBindingError, type TokenBindingErrorCode } from "@tokbind/codec";
export {
  certificateThumbprint,
  type ClientCertificate,
  type ClientKind,
  type NodeRequest,
  type SubjectAltNames,
  type TrustedProxies,
} from "@tokbind/codec/node";
export type { AuthoritiesOptions, ContextOptions } from "./authorities.ts";
export {
  ClientCertificateVerifier,
  type ClientCertificateVerifierOptions,
  type MutualTlsOptions,
} from "./client-certificate-verifier.ts";
export {
  clientCert,
  clientCertChain,
  decodeClientCert,
  decodeClientCertChain,
  decodeEscapedClientCert,
  encodeClientCert,
  encodeClientCertChain,
} from "./client-cert/fields.ts";
export type { PemOrDer } from "./pem.ts";
export type { CertificateVerifier, ClientPolicy } from "./policy.ts";
export {
  ProxiedClientCertificateVerifier,
  type ProxiedClientCertificateVerifierOptions,
} from "./proxied-client-certificate-verifier.ts";
