/** The closed set of error codes. Codes are stable: programs may compare them. */
export type TokenBindingErrorCode =
  // Bytes that do not decode (RFC 8471 section 3, RFC 8472 section 2).
  | "base64url_character"
  | "base64url_length"
  | "base64url_unused_bits"
  | "message_too_long"
  | "too_many_bindings"
  | "empty_message"
  | "truncated"
  | "length_out_of_range"
  | "trailing_bytes"
  // A message that decodes and is refused (RFC 8471 section 4.2, RFC 8473 section 2).
  | "provided_missing"
  | "provided_repeated"
  | "referred_repeated"
  | "key_parameters_mismatch"
  | "key_invalid"
  | "signature_invalid"
  // A request that is refused (RFC 8473 section 2).
  | "header_repeated"
  | "header_malformed"
  | "header_missing"
  | "not_negotiated"
  | "connection_unknown"
  | "proxy_untrusted"
  // A bound token that is refused (RFC 8471 section 5).
  | "token_invalid"
  | "token_expired"
  | "token_unbound"
  | "token_binding_missing"
  | "token_binding_mismatch"
  // A client certificate that is refused (RFC 8446 section 4.4.2, RFC 5280 section 6), or may not do this (RFC 9440
  // section 2.4).
  | "certificate_missing"
  | "certificate_malformed"
  | "certificate_untrusted"
  | "certificate_purpose"
  | "certificate_expired"
  | "certificate_revoked"
  | "certificate_subject_mismatch"
  // Whether certificates are revoked can't be said at the moment.
  | "crl_missing"
  | "crl_expired"
  // A channel binding that this connection does not have (RFC 5929, RFC 9266).
  | "no_tls_connection"
  | "undefined_for_certificate"
  | "undefined_for_tls_version"
  | "no_extended_master_secret"
  | "renegotiated"
  | "session_unreadable"
  // SCRAM: the server-error-values of RFC 5802 section 7, in either direction, and what a client refuses in a server.
  | "invalid_encoding"
  | "extensions_not_supported"
  | "invalid_proof"
  | "channel_bindings_dont_match"
  | "server_does_support_channel_binding"
  | "channel_binding_not_supported"
  | "unsupported_channel_binding_type"
  | "other_error"
  | "mechanism_not_offered"
  | "nonce_mismatch"
  | "iteration_count"
  | "server_signature_invalid"
  // A bind that a directory refuses, or that is not safe with it (RFC 4511 section 4.2).
  | "invalid_credentials"
  | "channel_binding_required"
  | "security_layer_required"
  | "security_layer_refused"
  | "bind_refused"
  | "kerberos"
  | "timed_out"
  // Use of the library: the caller's mistake or the machine's, never a peer's.
  | "invalid_argument"
  | "key_import"
  | "key_store"
  | "unsupported_runtime"
  | "connection_lost"
  | "proxy_failed"
  // A certificate authority: a request for a certificate that is refused, a directory that cannot be used.
  | "certificate_request"
  | "ca_state"
  // Sessions can't be looked up at the moment: try again later.
  | "session_store";

/** The HTTP status of the answer to a request that fails this way (RFC 8473 section 2, A-14). */
const statuses: Readonly<Record<TokenBindingErrorCode, number>> = {
  base64url_character: 400,
  base64url_length: 400,
  base64url_unused_bits: 400,
  message_too_long: 400,
  too_many_bindings: 400,
  empty_message: 400,
  truncated: 400,
  length_out_of_range: 400,
  trailing_bytes: 400,
  provided_missing: 400,
  provided_repeated: 400,
  referred_repeated: 400,
  key_parameters_mismatch: 400,
  key_invalid: 400,
  signature_invalid: 400,
  header_repeated: 400,
  header_malformed: 400,
  header_missing: 400,
  not_negotiated: 400,
  connection_unknown: 400,
  proxy_untrusted: 400,
  token_invalid: 401,
  token_expired: 401,
  token_unbound: 401,
  token_binding_missing: 401,
  token_binding_mismatch: 401,
  certificate_missing: 401,
  certificate_malformed: 400,
  certificate_untrusted: 401,
  certificate_purpose: 401,
  certificate_expired: 401,
  certificate_revoked: 401,
  certificate_subject_mismatch: 403,
  crl_missing: 503,
  crl_expired: 503,
  no_tls_connection: 500,
  undefined_for_certificate: 500,
  undefined_for_tls_version: 500,
  no_extended_master_secret: 500,
  renegotiated: 500,
  session_unreadable: 500,
  invalid_encoding: 400,
  extensions_not_supported: 400,
  invalid_proof: 401,
  channel_bindings_dont_match: 401,
  server_does_support_channel_binding: 401,
  channel_binding_not_supported: 401,
  unsupported_channel_binding_type: 401,
  other_error: 401,
  mechanism_not_offered: 500,
  nonce_mismatch: 500,
  iteration_count: 500,
  server_signature_invalid: 500,
  invalid_credentials: 401,
  channel_binding_required: 500,
  security_layer_required: 500,
  security_layer_refused: 500,
  bind_refused: 500,
  kerberos: 500,
  timed_out: 500,
  invalid_argument: 500,
  key_import: 500,
  key_store: 500,
  unsupported_runtime: 500,
  connection_lost: 500,
  proxy_failed: 500,
  certificate_request: 400,
  ca_state: 500,
  session_store: 503,
};

/** Where in the input a decoder stopped. */
export interface TokenBindingErrorDetails extends ErrorOptions {
  /** Name of the field in the structures of the RFC, e.g. `TokenBinding.signature`. */
  field?: string | undefined;
  /** Offset in bytes (characters for base64url) from the start of the input. */
  offset?: number | undefined;
}

/** The one error class of the project. `code` says what happened, the message what was expected and what came. */
export class TokenBindingError extends Error {
  override readonly name = "TokenBindingError";
  readonly code: TokenBindingErrorCode;
  readonly field: string | undefined;
  readonly offset: number | undefined;
  /**
   * The HTTP status that answers a request which failed this way: 400 for a message, 401 for a bound token or a
   * certificate, 403 for a certificate that may not do this, 500 for a mistake on our side, 503 for a session store that
   * does not answer and for a CRL that is missing or expired (RFC 8473 section 2). Writable, as `statusCode` and
   * `expose` are, because the error handlers of web frameworks assign them.
   */
  status: number;
  /** The same under the name that Fastify, NestJS and others read. */
  statusCode: number;
  /** Whether the message may be shown to the client: below 500. */
  expose: boolean;

  constructor(code: TokenBindingErrorCode, message: string, details: TokenBindingErrorDetails = {}) {
    super(message, "cause" in details ? { cause: details.cause } : undefined);
    this.code = code;
    this.field = details.field;
    this.offset = details.offset;
    this.status = statuses[code];
    this.statusCode = this.status;
    this.expose = this.status < 500;
  }
}
