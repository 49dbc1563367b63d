import type { OtherTokenBindingID } from "@tokbind/codec";
import type { ProvidedTokenBinding, ReferredTokenBinding } from "@tokbind/message";
import type { ClientCertificate, NodeRequest } from "@tokbind/codec/node";

/** What a request has proven, wherever its TLS connection ends. */
export interface RequestTokenBindings {
  readonly provided: ProvidedTokenBinding;
  readonly referred?: ReferredTokenBinding | undefined;
  /** Types and IDs of bindings of unknown type. */
  readonly others: readonly OtherTokenBindingID[];
}

/** Whatever establishes the Token Binding of requests, such as {@link TokenBindingVerifier}: what the adapters call. */
export interface RequestVerifier {
  /** @throws TokenBindingError whose `status` is the HTTP status to answer with */
  verify(request: NodeRequest): RequestTokenBindings | undefined;
}

/** Whatever verifies the client certificates of requests, such as ClientCertificateVerifier of \@tokbind/mutual-tls. */
export interface CertificateVerifier {
  /** The field of the request that answers depend on, for `Vary`; undefined where the certificate is no field. */
  readonly vary?: string | undefined;
  /** @throws TokenBindingError whose `status` is the HTTP status to answer with */
  verify(request: NodeRequest): ClientCertificate;
}
