// Shows the bindings of a message, or where it breaks.
//
//   node decode.js MESSAGE

// #region imports
import { decodeBase64url, decodeTokenBindingMessage, TokenBindingError } from "@tokbind/codec";
// #endregion

const [headerValue] = process.argv.slice(2);

// #region decode
try {
  const { tokenBindings } = decodeTokenBindingMessage(decodeBase64url(headerValue));
  for (const { type, id } of tokenBindings) console.log(type, id.keyParameters, id.bytes);
} catch (error) {
  if (!(error instanceof TokenBindingError)) throw error;
  console.log(error.code, error.field, error.offset); // trailing_bytes TokenBindingMessage 139, for example
}
// #endregion
