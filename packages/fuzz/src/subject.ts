import {
  decodeBase64url,
  decodeTokenBindingID,
  decodeTokenBindingMessage,
  decodeTokenBindingParameters,
  type MessageLimits,
} from "@tokbind/codec";
import type { MessageVerifier, TokenBindingConnection, VerifiedMessage } from "@tokbind/message";
import { verifySecTokenBinding } from "@tokbind/server";

/** What is fuzzed. Tests put something broken in its place. */
export interface Subject {
  readonly decodeBase64url: typeof decodeBase64url;
  readonly decodeTokenBindingID: typeof decodeTokenBindingID;
  readonly decodeTokenBindingMessage: typeof decodeTokenBindingMessage;
  readonly decodeTokenBindingParameters: typeof decodeTokenBindingParameters;
  /** The bytes of a message by RFC 8471: any set of bindings. */
  readonly verifyMessage: (
    bytes: Uint8Array,
    connection: TokenBindingConnection,
    limits: Partial<MessageLimits>,
    verifier: MessageVerifier,
  ) => VerifiedMessage;
  /** The field of a request by RFC 8473: exactly one provided binding. */
  readonly verifySecTokenBinding: typeof verifySecTokenBinding;
}

export const subject: Subject = {
  decodeBase64url,
  decodeTokenBindingID,
  decodeTokenBindingMessage,
  decodeTokenBindingParameters,
  verifyMessage: (bytes, connection, limits, verifier) =>
    verifier.verify(decodeTokenBindingMessage(bytes, limits), connection),
  verifySecTokenBinding,
};
