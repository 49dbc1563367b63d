import saslprepModule from "@mongodb-js/saslprep";
import { TokenBindingError } from "@tokbind/codec";

/**
 * SASLprep (RFC 4013) of a name or password.
 *
 * @throws TokenBindingError `invalid_argument` without a cause: that would quote the text, which may be a password
 */
export function prepared(text: string, what: string): string {
  let result = "";
  try {
    result = saslprepModule(text);
  } catch {
    // Told below.
  }
  if (result !== "") return result;
  throw new TokenBindingError(
    "invalid_argument",
    `expected a ${what} that SASLprep (RFC 4013) allows, got an empty one or one with forbidden characters`,
  );
}
