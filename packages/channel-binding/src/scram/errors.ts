import { TokenBindingError, type TokenBindingErrorCode } from "@tokbind/codec";

/** server-error-value of RFC 5802 section 7 by the code that stands for it. */
const serverErrorValues = {
  invalid_encoding: "invalid-encoding",
  extensions_not_supported: "extensions-not-supported",
  invalid_proof: "invalid-proof",
  channel_bindings_dont_match: "channel-bindings-dont-match",
  server_does_support_channel_binding: "server-does-support-channel-binding",
  channel_binding_not_supported: "channel-binding-not-supported",
  unsupported_channel_binding_type: "unsupported-channel-binding-type",
} satisfies Partial<Record<TokenBindingErrorCode, string>>;

const codes = new Map<string, TokenBindingErrorCode>([
  ...Object.entries(serverErrorValues).map(
    ([code, value]) => [value, code as TokenBindingErrorCode] as const,
  ),
  // Which of the two was wrong is nobody's business.
  ["unknown-user", "invalid_proof"],
  ["invalid-username-encoding", "invalid_encoding"],
]);

/**
 * The server-final-message that tells a client why its login failed (RFC 5802 section 7), `e=invalid-proof` for example,
 * for protocols that carry one.
 *
 * @param error what `first` or `final` of a ScramServer threw; of anything else the client learns `e=other-error`
 * @example
 * ```ts
 * const text = scramServerError(error); // "e=channel-bindings-dont-match"
 * ```
 */
export function scramServerError(error: unknown): string {
  const values: Readonly<Record<string, string>> = serverErrorValues;
  const value = error instanceof TokenBindingError ? values[error.code] : undefined;
  return `e=${value ?? "other-error"}`;
}

/** What a client throws when the server sends `e=`. */
export function errorOfServer(value: string): TokenBindingError {
  const code = codes.get(value) ?? "other_error";
  const advice =
    code === "channel_bindings_dont_match"
      ? ": the server sees another TLS connection than this end, so something between the two ends TLS"
      : "";
  return new TokenBindingError(code, `expected the server to accept the login, got e=${value}${advice}`);
}

export function malformed(message: string, expected: string): TokenBindingError {
  return new TokenBindingError("invalid_encoding", `${message}: expected ${expected} (RFC 5802 section 7)`);
}
