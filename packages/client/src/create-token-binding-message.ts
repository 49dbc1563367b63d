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
  /** The key used with the server at the other end. Its type has to be the one that was negotiated. */
  readonly provided: TokenBindingKey;
  /** The key used with a relying party, in a federated sign-on (RFC 8473 section 5.3). Of any type. */
  readonly referred?: TokenBindingKey | undefined;
}

/**
 * Makes the value of a Sec-Token-Binding header field (RFC 8473 section 2): one provided binding and, if asked
 * for, one referred binding, each signed over the EKM of the connection with its own key and that key's
 * algorithm (RFC 8471 section 4.1). It holds for all requests of that connection and for no other connection.
 *
 * @returns base64url of the TokenBindingMessage; 186 characters for one ecdsap256 binding
 * @throws TokenBindingError `invalid_argument` without a provided key or with an EKM of another length
 * @example
 * const header = await createTokenBindingMessage({ ekm: negotiated.ekm, provided: key });
 */
export async function createTokenBindingMessage(options: TokenBindingMessageOptions): Promise<string> {
  const { ekm, provided, referred } = options;
  const tokenBindings = [await createTokenBinding("provided", provided, ekm)];
  if (referred !== undefined) tokenBindings.push(await createTokenBinding("referred", referred, ekm));
  return encodeBase64url(encodeTokenBindingMessage({ tokenBindings }));
}

async function createTokenBinding(
  type: keyof typeof tokenBindingTypes,
  key: TokenBindingKey | undefined,
  ekm: Uint8Array,
): Promise<TokenBinding> {
  if (key === undefined) {
    throw new TokenBindingError("invalid_argument", "TokenBindingMessage: expected a provided key, got none");
  }
  const code = tokenBindingTypes[type];
  const signature = await sign(key, signedData(code, key.id.keyParameters, ekm));
  return { type: code, id: key.id, signature, extensions: [] };
}
