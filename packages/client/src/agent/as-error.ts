import { TokenBindingError, type TokenBindingErrorCode } from "@tokbind/codec";
import { described } from "@tokbind/codec/options";

/**
 * What came out of code of an application, which may throw or reject with anything, as an error. One of ours stays as
 * it is; anything else becomes the cause of one of ours.
 *
 * @param what - names the code: "key store", "observe"
 */
export function asError(code: TokenBindingErrorCode, what: string, thrown: unknown): TokenBindingError {
  if (thrown instanceof TokenBindingError) return thrown;
  const came = thrown instanceof Error ? thrown.message : `expected an Error, got ${kindOf(thrown)}`;
  return new TokenBindingError(code, `${what}: ${came}`, { cause: thrown });
}

/** Not even a short string is shown: it may be a secret. */
export function kindOf(value: unknown): string {
  return typeof value === "string" ? "a string" : described(value);
}
