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

/** The identity that a request has proven: a token bound to it may be honoured. */
export interface ProvidedTokenBinding {
  /**
   * The Token Binding ID, an opaque byte string (RFC 8471 section 3.2): 68 bytes for ecdsap256. All requests of a
   * client share it, so do not write to it.
   */
  readonly id: Uint8Array;
  /** base64url of the SHA-256 of the ID, 43 characters: the `tbh` member of `cnf`. */
  readonly tbh: string;
  readonly keyParameters: KeyParameters;
}

/** The identity that the client uses with another server and wants a token for (RFC 8473 section 5). */
export interface ReferredTokenBinding {
  readonly id: Uint8Array;
  readonly tbh: string;
  /** The registered name, or the bare code of key parameters that nobody here knows. */
  readonly keyParameters: KeyParameters | number;
  /** False when its key parameters are unknown: then no token may be bound to it (A-04, RFC 8473 section 5.4). */
  readonly usable: boolean;
}

/** What an accepted TokenBindingMessage establishes. */
export interface VerifiedTokenBindings {
  readonly provided: ProvidedTokenBinding;
  readonly referred?: ReferredTokenBinding;
  /** Bindings of unknown type, as decoded: ignored, and not verified unless that was asked for. */
  readonly others: readonly TokenBinding[];
}

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
  const { provided, referred, others } = sortBindings(
    decodeTokenBindingMessage(bytes, options).tokenBindings,
  );

  const negotiated = keyParametersCodes[connection.keyParameters];
  if (provided.id.keyParameters !== negotiated) {
    throw new TokenBindingError(
      "key_parameters_mismatch",
      `provided binding: expected the negotiated key parameters ${connection.keyParameters} (${negotiated}), ` +
        `got ${describe(provided.id.keyParameters)}`,
    );
  }
  const providedKey = verifyBinding(provided, "provided", connection.ekm, knownKeys);
  const referredBinding =
    referred === undefined ? undefined : verifyReferred(referred, connection.ekm, knownKeys);
  if (options.verifyUnknownTypes) {
    for (const other of others) {
      if (keyParametersName(other.id.keyParameters) === undefined) continue;
      verifyBinding(other, `type ${other.type}`, connection.ekm, knownKeys);
    }
  }

  const verified = {
    provided: {
      id: providedKey.id,
      tbh: providedKey.tbh,
      keyParameters: providedKey.keyParameters,
    },
    others,
  };
  return referredBinding === undefined ? verified : { ...verified, referred: referredBinding };
}

/** The bytes of a field value; only HTTP's optional white space around it is not part of it. */
function decodeHeaderValue(value: string, limits: Partial<MessageLimits>): Uint8Array {
  // Without the look-behind, a long run of spaces inside would be tried again from each of them.
  const trimmed = trimOptionalWhitespace(value);
  const maxMessageLength = limits.maxMessageLength ?? defaultMessageLimits.maxMessageLength;
  if (trimmed.length > Math.ceil((maxMessageLength * 4) / 3)) {
    throw new TokenBindingError(
      "message_too_long",
      `TokenBindingMessage: expected at most ${maxMessageLength} bytes, got ${trimmed.length} base64url characters`,
    );
  }
  // Node's decoder takes almost anything, but is fast; what encodes to the same text again is strict base64url.
  const bytes = Buffer.from(trimmed, "base64url");
  return bytes.toString("base64url") === trimmed ? bytes : decodeBase64url(trimmed);
}

interface SortedBindings {
  provided: TokenBinding;
  referred: TokenBinding | undefined;
  others: readonly TokenBinding[];
}

const noOthers: readonly TokenBinding[] = [];

function sortBindings(bindings: readonly TokenBinding[]): SortedBindings {
  let provided: TokenBinding | undefined;
  let referred: TokenBinding | undefined;
  let others: TokenBinding[] | undefined;
  for (const binding of bindings) {
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
  const { id, tbh, keyParameters } = verifyBinding(binding, "referred", ekm, knownKeys);
  return { id, tbh, keyParameters, usable: true };
}

function verifyBinding(binding: TokenBinding, name: string, ekm: Uint8Array, knownKeys: KnownKeys) {
  const key = knownKeys.get(binding.id);
  if (!verify(key.publicKey, signedData(binding.type, binding.id.keyParameters, ekm), binding.signature)) {
    throw new TokenBindingError(
      "signature_invalid",
      `${name} binding: its ${key.keyParameters} signature does not match its key, type and this connection's EKM`,
    );
  }
  return key;
}

function describe(keyParameters: number): string {
  const name = keyParametersName(keyParameters);
  return name === undefined ? `unregistered ${keyParameters}` : `${name} (${keyParameters})`;
}
