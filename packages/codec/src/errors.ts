/**
 * Everything that can go wrong, by stable code. `status` is the HTTP answer to a request that fails so
 * (RFC 8473 section 2, A-14); `alert` the TLS alert of a handshake that fails so (RFC 8472 section 4, A-16).
 */
const codes = {
  // Bytes that do not decode (RFC 8471 section 3, RFC 8472 section 2).
  base64url_character: { status: 400 },
  base64url_length: { status: 400 },
  base64url_unused_bits: { status: 400 },
  message_too_long: { status: 400 },
  too_many_bindings: { status: 400 },
  empty_message: { status: 400 },
  truncated: { status: 400, alert: "decode_error" },
  length_out_of_range: { status: 400, alert: "decode_error" },
  trailing_bytes: { status: 400, alert: "decode_error" },

  // A message that decodes and is refused (RFC 8471 section 4.2, RFC 8473 section 2).
  provided_missing: { status: 400 },
  provided_repeated: { status: 400 },
  referred_repeated: { status: 400 },
  key_parameters_mismatch: { status: 400 },
  key_invalid: { status: 400 },
  signature_invalid: { status: 400 },

  // A request that is refused (RFC 8473 section 2).
  header_repeated: { status: 400 },
  header_malformed: { status: 400 },
  header_missing: { status: 400 },
  not_negotiated: { status: 400 },

  // A bound token that is refused (RFC 8471 section 5).
  token_invalid: { status: 401 },
  token_expired: { status: 401 },
  token_unbound: { status: 401 },
  token_binding_missing: { status: 401 },
  token_binding_mismatch: { status: 401 },

  // Use of the library: the caller's mistake or the machine's, never a peer's.
  invalid_argument: { status: 500 },
  key_import: { status: 500 },
  key_store: { status: 500 },
  unsupported_runtime: { status: 500 },
  connection_lost: { status: 500 },
} as const satisfies Record<string, { status: number; alert?: TlsAlert }>;

/** A TLS alert that a failed negotiation ends with. */
export type TlsAlert = "decode_error" | "unsupported_extension";

/** The closed set of error codes. Codes are stable: programs may compare them. */
export type TokenBindingErrorCode = keyof typeof codes;

/** Where in the input a decoder stopped. */
export interface TokenBindingErrorDetails extends ErrorOptions {
  /** Name of the field in the structures of the RFC, e.g. `TokenBinding.signature`. */
  field?: string;
  /** Offset in bytes (characters for base64url) from the start of the input. */
  offset?: number;
}

/** The one error class of the project. `code` says what happened, the message what was expected and what came. */
export class TokenBindingError extends Error {
  override readonly name = "TokenBindingError";
  readonly code: TokenBindingErrorCode;
  readonly field: string | undefined;
  readonly offset: number | undefined;

  constructor(code: TokenBindingErrorCode, message: string, details: TokenBindingErrorDetails = {}) {
    super(message, "cause" in details ? { cause: details.cause } : undefined);
    this.code = code;
    this.field = details.field;
    this.offset = details.offset;
  }

  /** The HTTP status that answers a request which failed so. */
  get status(): number {
    return httpStatus(this.code);
  }
}

/**
 * The HTTP status that answers a request which failed with this code: 400 for a message, 401 for a bound
 * token, 500 for a mistake on our side (RFC 8473 section 2, A-14).
 */
export function httpStatus(code: TokenBindingErrorCode): number {
  return codes[code].status;
}

/** The TLS alert that ends a negotiation which failed with this code, if the code can occur in one. */
export function tlsAlert(code: TokenBindingErrorCode): TlsAlert | undefined {
  const entry = codes[code];
  return "alert" in entry ? entry.alert : undefined;
}
