import tls, { type SecureContext, type SecureContextOptions } from "node:tls";
import { TokenBindingError } from "@tokbind/codec";

/**
 * @param what - names the options, for the error
 * @throws TokenBindingError `invalid_argument`
 */
export function createSecureContext(what: string, options: SecureContextOptions): SecureContext {
  try {
    return tls.createSecureContext(options);
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    throw new TokenBindingError(
      "invalid_argument",
      `${what}: expected options that make a TLS context, got ${code ?? message}`,
      { cause },
    );
  }
}
