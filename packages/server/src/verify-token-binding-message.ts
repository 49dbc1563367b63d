import {
  decodeBase64url,
  decodeTokenBindingMessage,
  defaultMessageLimits,
  type KeyParameters,
  keyParametersCodes,
  keyParametersName,
  type MessageLimits,
  signedData,
  type TokenBinding,
  TokenBindingError,
  tokenBindingTypes,
  trimOptionalWhitespace,
} from "@tokbind/codec";
import { tokenBindingHash, verify } from "@tokbind/crypto";
import { KnownKeys } from "./known-keys.ts";
import type {
  ProvidedTokenBinding,
  ReferredTokenBinding,
  VerifiedTokenBindings,
} from "./verified-token-bindings.ts";

/** What a message is judged against: the connection that carries it. */
export interface TokenBindingConnection {
  /** 32 bytes of exported keying material. */
  readonly ekm: Uint8Array;
  /** The key parameters that the handshake negotiated. */
  readonly keyParameters: KeyParameters;
}

/** Options of {@link verifyTokenBindingMessage}. */
export interface MessageVerificationOptions extends Partial<MessageLimits> {
  /** Judge the signatures of bindings of unknown type too, and refuse the message if one is bad. */
  readonly verifyUnknownTypes?: boolean;
}

/**
 * Verifies a TokenBindingMessage by RFC 8471 section 4.2 and RFC 8473 section 2: exactly one provided binding
 * of the negotiated key parameters, at most one referred binding, each signature over the EKM of
 * this connection. Whatever fails, the whole message is refused and no ID is established.
 *
 * Work is bounded before it is done: length and number of bindings first, then at most two signatures.
 *
 * @param message - the bytes, or the value of a Sec-Token-Binding field
 * @throws TokenBindingError with the code of the first check that failed
 * @example
 * const { provided } = verifyTokenBindingMessage(headerValue, { ekm, keyParameters: "ecdsap256" });
 */
export function verifyTokenBindingMessage(
  message: Uint8Array | string,
  connection: TokenBindingConnection,
  options: MessageVerificationOptions = {},
  knownKeys: KnownKeys = new KnownKeys(1),
): VerifiedTokenBindings {
  const bytes = typeof message === "string" ? decodeHeaderValue(message, options) : message;
  const { provided, referred, others } = sortBindings(bytes, options);

  const negotiated = keyParametersCodes[connection.keyParameters];
  if (provided.id.keyParameters !== negotiated) {
    throw new TokenBindingError(
      "key_parameters_mismatch",
      `provided binding: expected the negotiated key parameters ${connection.keyParameters} (${negotiated}), ` +
        `got ${describe(provided.id.keyParameters)}`,
    );
  }
  const providedBinding = verifyBinding(provided, "provided", connection.ekm, knownKeys);
  const referredBinding =
    referred === undefined ? undefined : verifyReferred(referred, connection.ekm, knownKeys);
  if (options.verifyUnknownTypes) {
    for (const other of others) {
      if (keyParametersName(other.id.keyParameters) === undefined) continue;
      verifyBinding(other, `type ${other.type}`, connection.ekm, knownKeys);
    }
  }

  // These are handed out whole, so they need bytes that no later message is written to.
  const kept = others.length === 0 ? others : sortBindings(Uint8Array.from(bytes), options).others;
  return referredBinding === undefined
    ? { provided: providedBinding, others: kept }
    : { provided: providedBinding, referred: referredBinding, others: kept };
}

// One for all messages but long ones, since verification is synchronous: memory of its own would cost each message
// as much as its decoding.
const memory = new Uint8Array(1024);

/** The bytes of a field value; only HTTP's optional white space around it is not part of it. */
function decodeHeaderValue(value: string, limits: Partial<MessageLimits>): Uint8Array {
  const trimmed = trimOptionalWhitespace(value);
  const maxMessageLength = limits.maxMessageLength ?? defaultMessageLimits.maxMessageLength;
  if (trimmed.length > Math.ceil((maxMessageLength * 4) / 3)) {
    throw new TokenBindingError(
      "message_too_long",
      `TokenBindingMessage: expected at most ${maxMessageLength} bytes, got ${trimmed.length} base64url characters`,
    );
  }
  return decodeBase64url(trimmed, trimmed.length > memory.length ? undefined : memory);
}

interface SortedBindings {
  provided: TokenBinding;
  referred: TokenBinding | undefined;
  others: readonly TokenBinding[];
}

const noOthers: readonly TokenBinding[] = [];

function sortBindings(bytes: Uint8Array, limits: Partial<MessageLimits>): SortedBindings {
  let provided: TokenBinding | undefined;
  let referred: TokenBinding | undefined;
  let others: TokenBinding[] | undefined;
  for (const binding of decodeTokenBindingMessage(bytes, limits).tokenBindings) {
    if (binding.type === tokenBindingTypes.provided) {
      if (provided !== undefined) {
        throw new TokenBindingError("provided_repeated", "expected one provided binding, got more");
      }
      provided = binding;
    } else if (binding.type === tokenBindingTypes.referred) {
      if (referred !== undefined) {
        throw new TokenBindingError("referred_repeated", "expected at most one referred binding, got more");
      }
      referred = binding;
    } else {
      (others ??= []).push(binding);
    }
  }
  if (provided === undefined) {
    throw new TokenBindingError("provided_missing", "expected one provided binding, got none");
  }
  return { provided, referred, others: others ?? noOthers };
}

function verifyReferred(binding: TokenBinding, ekm: Uint8Array, knownKeys: KnownKeys): ReferredTokenBinding {
  if (keyParametersName(binding.id.keyParameters) === undefined) {
    const id = Uint8Array.from(binding.id.bytes);
    return { id, tbh: tokenBindingHash(id), keyParameters: binding.id.keyParameters, usable: false };
  }
  return { ...verifyBinding(binding, "referred", ekm, knownKeys), usable: true };
}

// One for all, since verify is synchronous. Of Buffer's making, because V8 moves a small Uint8Array of its own to
// where OpenSSL can reach it, which costs as much as decoding the message.
const signed = Buffer.alloc(34);

function verifyBinding(
  binding: TokenBinding,
  name: string,
  ekm: Uint8Array,
  knownKeys: KnownKeys,
): ProvidedTokenBinding {
  const { identity, publicKey } = knownKeys.get(binding.id);
  signedData(binding.type, binding.id.keyParameters, ekm, signed);
  if (!verify(publicKey, signed, binding.signature)) {
    throw new TokenBindingError(
      "signature_invalid",
      `${name} binding: its ${identity.keyParameters} signature does not match its key, type and this connection's EKM`,
    );
  }
  return identity;
}

function describe(keyParameters: number): string {
  const name = keyParametersName(keyParameters);
  return name === undefined ? `unregistered ${keyParameters}` : `${name} (${keyParameters})`;
}
