import { TokenBindingError } from "./errors.ts";
import { type FieldObserver, Reader } from "./reader.ts";
import { readTokenBindingID, type TokenBindingID } from "./token-binding-id.ts";
import { Writer } from "./writer.ts";

/** TB_Extension of RFC 8471 section 3. No type is registered and none is covered by the signature. */
export interface TB_Extension {
  /** 1-byte code. */
  readonly extensionType: number;
  /** 0 to 65535 bytes. */
  readonly extensionData: Uint8Array;
}

/** TokenBinding of RFC 8471 section 3: one proof that the client holds one key. */
export interface TokenBinding {
  /** tokenbinding_type, 1-byte code: 0 provided, 1 referred, others unassigned. */
  readonly type: number;
  readonly id: TokenBindingID;
  /** 64 to 65535 bytes; 64 for ecdsap256 and 256 for RSA in a valid binding. */
  readonly signature: Uint8Array;
  readonly extensions: readonly TB_Extension[];
}

/** TokenBindingMessage of RFC 8471 section 3. */
export interface TokenBindingMessage {
  readonly tokenBindings: readonly TokenBinding[];
}

/** How much of a message is looked at before it is refused. */
export interface MessageLimits {
  /** Longest message in bytes, length prefix included. */
  readonly maxMessageLength?: number | undefined;
  /** Most TokenBinding structures in one message, of whatever type. */
  readonly maxTokenBindings?: number | undefined;
}

/**
 * The limits unless others are given. The length is all that the format can express; a message of HTTP has at
 * most one provided and one referred binding, so 64 leaves room for every future type.
 */
export const defaultMessageLimits = {
  maxMessageLength: 65537,
  maxTokenBindings: 64,
} as const satisfies MessageLimits;

// Lower bounds of the vectors of RFC 8471 section 3.
const minTokenBindings = 132;
const minSignature = 64;

/** Options of {@link decodeTokenBindingMessage}. */
export interface DecodeOptions extends MessageLimits {
  /** Told of every field in the order of the bytes, up to the one that breaks. */
  readonly observe?: FieldObserver | undefined;
}

/**
 * Decodes a TokenBindingMessage (RFC 8471 section 3) strictly: every length closes exactly, at every level.
 * Bindings of unknown type or unknown key parameters decode too (sections 3.1, 4.2).
 * Nothing is verified here.
 *
 * @param bytes - the whole message; 139 bytes for one ecdsap256 binding without extensions
 * @throws TokenBindingError `empty_message`, `message_too_long`, `too_many_bindings`, `truncated`,
 *   `length_out_of_range` or `trailing_bytes`, with the field and the offset where decoding stopped
 * @example
 * const { tokenBindings } = decodeTokenBindingMessage(decodeBase64url(headerValue));
 */
export function decodeTokenBindingMessage(
  bytes: Uint8Array,
  options: DecodeOptions = {},
): TokenBindingMessage {
  const maxMessageLength = options.maxMessageLength ?? defaultMessageLimits.maxMessageLength;
  const maxTokenBindings = options.maxTokenBindings ?? defaultMessageLimits.maxTokenBindings;
  if (bytes.length > maxMessageLength) {
    throw new TokenBindingError(
      "message_too_long",
      `TokenBindingMessage: expected at most ${maxMessageLength} bytes, got ${bytes.length}`,
    );
  }
  if (bytes.length === 0 || (bytes.length === 2 && bytes[0] === 0 && bytes[1] === 0)) {
    throw new TokenBindingError("empty_message", "TokenBindingMessage: expected a TokenBinding, got none", {
      field: "TokenBindingMessage.tokenbindings",
      offset: 0,
    });
  }

  //
  const reader = new Reader(bytes, options.observe);
  const tokenBindings = reader.vector("TokenBindingMessage.tokenbindings", 2, minTokenBindings, () => {
    reader.refuseBytesAfter("TokenBindingMessage");
    return readTokenBindings(reader, maxTokenBindings);
  });
  return { tokenBindings };
}

function readTokenBindings(reader: Reader, maxTokenBindings: number): readonly TokenBinding[] {
  const tokenBindings: TokenBinding[] = [];
  while (reader.left > 0) {
    if (tokenBindings.length === maxTokenBindings) {
      throw new TokenBindingError(
        "too_many_bindings",
        `TokenBindingMessage: expected at most ${maxTokenBindings} TokenBinding structures, got more`,
        { field: "TokenBindingMessage.tokenbindings", offset: reader.offset },
      );
    }
    tokenBindings.push(readTokenBinding(reader));
  }
  return tokenBindings;
}

function readTokenBinding(reader: Reader): TokenBinding {
  const type = reader.uint8("TokenBinding.tokenbinding_type");
  const id = readTokenBindingID(reader);
  const signature = reader.opaque("TokenBinding.signature", 2, minSignature);
  const extensions = reader.vector("TokenBinding.extensions", 2, 0, readExtensions);
  return { type, id, signature, extensions };
}

const noExtensions: readonly TB_Extension[] = [];

function readExtensions(reader: Reader): readonly TB_Extension[] {
  if (reader.left === 0) return noExtensions;
  const extensions: TB_Extension[] = [];
  while (reader.left > 0) {
    const extensionType = reader.uint8("TB_Extension.extension_type");
    extensions.push({ extensionType, extensionData: reader.opaque("TB_Extension.extension_data", 2, 0) });
  }
  return extensions;
}

/**
 * Encodes a TokenBindingMessage (RFC 8471 section 3). Structures are written in the order given; whether a
 * protocol allows that set of them is the caller's business.
 *
 * @param message - at least one TokenBinding (section 4.1)
 * @throws TokenBindingError `invalid_argument` when there is no binding or a field has a length that the
 *   format does not allow
 */
export function encodeTokenBindingMessage(message: TokenBindingMessage): Uint8Array {
  const writer = new Writer();
  writer.vector("TokenBindingMessage.tokenbindings", 2, minTokenBindings, (bindings) => {
    for (const binding of message.tokenBindings) {
      bindings.uint8("TokenBinding.tokenbinding_type", binding.type);
      bindings.bytes(binding.id.bytes);
      bindings.opaque("TokenBinding.signature", 2, minSignature, binding.signature);
      bindings.vector("TokenBinding.extensions", 2, 0, (extensions) => {
        for (const { extensionType, extensionData } of binding.extensions) {
          extensions.uint8("TB_Extension.extension_type", extensionType);
          extensions.opaque("TB_Extension.extension_data", 2, 0, extensionData);
        }
      });
    }
  });
  return writer.finish();
}
