import {
  decodeSecTokenBinding,
  type MessageLimits,
  TokenBindingError,
  tokenBindingTypes,
} from "@tokbind/codec";
import {
  MessageVerifier,
  type ProvidedTokenBinding,
  type TokenBindingConnection,
  type VerifiedMessage,
} from "@tokbind/message";

/** What an accepted Sec-Token-Binding field establishes. */
export interface VerifiedTokenBindings extends VerifiedMessage {
  readonly provided: ProvidedTokenBinding;
}

/** Options of {@link verifySecTokenBinding}: limits that are checked before the work that they bound. */
export interface SecTokenBindingOptions extends MessageLimits {
  /** Verify the signatures of bindings of unknown type too: see MessageVerifierOptions of @tokbind/message. */
  readonly verifyUnknownTypes?: boolean | undefined;
}

/**
 * Verifies the Sec-Token-Binding field of a request by RFC 8473 section 2: one field line, and a message that has
 * exactly one provided binding and stands by RFC 8471 section 4.2.
 *
 * @param lines - the value of every field line of that name in the request
 * @returns what the message establishes, undefined when there is no line
 * @throws TokenBindingError with the code of the first check that failed
 * @example
 * const { provided } = verifySecTokenBinding([headerValue], { ekm, keyParameters: "ecdsap256" }) ?? {};
 */
export function verifySecTokenBinding(
  lines: readonly string[],
  connection: TokenBindingConnection,
  options: SecTokenBindingOptions = {},
  messageVerifier: MessageVerifier = new MessageVerifier({
    verifyUnknownTypes: options.verifyUnknownTypes,
    maxKnownKeys: 1,
  }),
): VerifiedTokenBindings | undefined {
  const message = decodeSecTokenBinding(lines, options);
  if (message === undefined) return undefined;
  // Before any signature is verified.
  if (!message.tokenBindings.some(({ type }) => type === tokenBindingTypes.provided)) {
    throw new TokenBindingError("provided_missing", "expected one provided binding, got none");
  }
  return messageVerifier.verify(message, connection) as VerifiedTokenBindings;
}
