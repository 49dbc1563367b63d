import {
  encodeBase64url,
  encodeTokenBindingMessage,
  signedData,
  type TokenBinding,
  TokenBindingError,
  tokenBindingTypes,
} from "@tokbind/codec";
import { sign, type TokenBindingKey } from "@tokbind/crypto";

/** What {@link createTokenBindingMessage} proves, and for which connection. */
export interface TokenBindingMessageOptions {
  /** 32 bytes exported from the connection that will carry the message (RFC 8471 section 3.3). */
  readonly ekm: Uint8Array;
  /** The key used with the server at the other end. Its type has to be the one that was negotiated. HTTP requires it. */
  readonly provided?: TokenBindingKey | undefined;
  /** The key used with a relying party, in a federated sign-on (RFC 8473 section 5.3). Of any type. */
  readonly referred?: TokenBindingKey | undefined;
}

/**
 * Makes a TokenBindingMessage (RFC 8471 section 4.1): a binding for each key given, signed over the EKM of the
 * connection with that key and its own algorithm. It holds for all requests of that connection and for no other
 * connection.
 *
 * @returns base64url of the message, which is the value of a Sec-Token-Binding header field (RFC 8473 section 2);
 *   186 characters for one ecdsap256 binding
 * @throws TokenBindingError `invalid_argument` without any key, with an EKM of another length or with a key whose
 *   signature has another length than its type says
 * @example
 * const header = await createTokenBindingMessage({ ekm: negotiated.ekm, provided: key });
 */
export async function createTokenBindingMessage(options: TokenBindingMessageOptions): Promise<string> {
  const { ekm, provided, referred } = options;
  const tokenBindings: TokenBinding[] = [];
  if (provided !== undefined) tokenBindings.push(await createTokenBinding("provided", provided, ekm));
  if (referred !== undefined) tokenBindings.push(await createTokenBinding("referred", referred, ekm));
  if (tokenBindings.length === 0) {
    throw new TokenBindingError("invalid_argument", "TokenBindingMessage: expected a provided key, got none");
  }
  return encodeBase64url(encodeTokenBindingMessage({ tokenBindings }));
}

async function createTokenBinding(
  type: keyof typeof tokenBindingTypes,
  key: TokenBindingKey,
  ekm: Uint8Array,
): Promise<TokenBinding> {
  const code = tokenBindingTypes[type];
  const signature = await sign(key, signedData(code, key.id.keyParameters, ekm));
  return { type: code, id: key.id, signature, extensions: [] };
}
