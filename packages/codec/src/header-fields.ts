import { decodeBase64url, encodeBase64url } from "./base64url.ts";
import { TokenBindingError } from "./errors.ts";
import { secTokenBinding, tokenBindingTypes } from "./registries.ts";
import { decodeTokenBindingID, type TokenBindingID } from "./token-binding-id.ts";
import {
  decodeTokenBindingMessage,
  defaultMessageLimits,
  type MessageLimits,
  type TokenBindingMessage,
} from "./token-binding-message.ts";

/**
 * Decodes Sec-Token-Binding (RFC 8473 section 2): one EncodedTokenBindingMessage. A second field line is refused, and
 * so is a comma, because something on the way may have joined two lines. Encode it with
 * `encodeBase64url(encodeTokenBindingMessage(message))`.
 *
 * @param lines - the value of every field line of that name in the request
 * @param limits - in bytes and structures; checked before the work that they bound
 * @returns the message, undefined when there is no line
 * @throws TokenBindingError `header_repeated`, and as `decodeBase64url` and `decodeTokenBindingMessage`
 * @example
 * const message = decodeSecTokenBinding(request.headersDistinct["sec-token-binding"] ?? []);
 */
export function decodeSecTokenBinding(
  lines: readonly string[],
  limits: MessageLimits = {},
): TokenBindingMessage | undefined {
  const value = soleValue(secTokenBinding, lines);
  if (value === undefined) return undefined;
  const maxMessageLength = limits.maxMessageLength ?? defaultMessageLimits.maxMessageLength;
  if (value.length > Math.ceil((maxMessageLength * 4) / 3)) {
    throw new TokenBindingError(
      "message_too_long",
      `TokenBindingMessage: expected at most ${maxMessageLength} bytes, got ${value.length} base64url characters`,
    );
  }
  return decodeTokenBindingMessage(decodeBase64url(value), limits);
}

/** Request fields in which a TLS-terminating proxy tells its backend what it validated (draft-ietf-tokbind-ttrp-09 section 2.2). */
export const secProvidedTokenBindingId = "Sec-Provided-Token-Binding-ID";
/** The ID of the referred binding, absent without one. */
export const secReferredTokenBindingId = "Sec-Referred-Token-Binding-ID";
/** The types and IDs of all further validated bindings, absent without any. */
export const secOtherTokenBindingId = "Sec-Other-Token-Binding-ID";

/** One element of Sec-Other-Token-Binding-ID. */
export interface OtherTokenBindingID {
  /** 1-byte code of the TokenBindingType, neither provided nor referred. */
  readonly type: number;
  readonly id: TokenBindingID;
}

/**
 * Decodes the value of Sec-Provided-Token-Binding-ID or Sec-Referred-Token-Binding-ID: one
 * EncodedTokenBindingID (draft-ietf-tokbind-ttrp-09 section 2.1.1). Encode it with `encodeBase64url(id.bytes)`.
 *
 * @param lines - the value of every field line of that name in the request
 * @returns the ID, undefined when there is no line
 * @throws TokenBindingError `header_repeated` for several lines or a list (section 2.2), and as
 *   `decodeBase64url` and `decodeTokenBindingID`
 * @example
 * const provided = decodeTokenBindingIDField(request.headersDistinct["sec-provided-token-binding-id"] ?? []);
 */
export function decodeTokenBindingIDField(lines: readonly string[]): TokenBindingID | undefined {
  const value = soleValue("EncodedTokenBindingID", lines);
  return value === undefined ? undefined : decodeTokenBindingID(decodeBase64url(value));
}

/**
 * Encodes the value of Sec-Other-Token-Binding-ID as one line.
 *
 * @throws TokenBindingError `invalid_argument` for an empty list, which is no field at all, and for a
 *   type that belongs elsewhere
 */
export function encodeOtherTokenBindingIDs(others: readonly OtherTokenBindingID[]): string {
  if (others.length === 0) {
    throw new TokenBindingError("invalid_argument", `${secOtherTokenBindingId}: expected an ID, got none`);
  }
  const elements = others.map(({ type, id }) => {
    if (!Number.isInteger(type) || type <= tokenBindingTypes.referred || type > 255) {
      throw new TokenBindingError("invalid_argument", `TokenBindingType: expected 2 to 255, got ${type}`);
    }
    return `${type.toString(16)}.${encodeBase64url(id.bytes)}`;
  });
  return elements.join(",");
}

/**
 * Decodes Sec-Other-Token-Binding-ID: a list of EncodedTokenBindingType "." EncodedTokenBindingID
 * (draft-ietf-tokbind-ttrp-09 section 2.2), over one or several lines. Empty elements are skipped, as
 * HTTP requires of every list (RFC 9110 section 5.6.1.2).
 *
 * @param lines - the value of every field line of that name in the request
 * @returns types and IDs in the order of the lines, none when there is no line
 * @throws TokenBindingError `header_malformed` for a list without an element or an element that is no
 *   type and ID, `provided_repeated` and `referred_repeated` for their types, which never are others, and as `decodeBase64url` and `decodeTokenBindingID`
 */
export function decodeOtherTokenBindingIDs(lines: readonly string[]): OtherTokenBindingID[] {
  const elements = lines
    .flatMap((line) => line.split(",").map(trimOptionalWhitespace))
    .filter((element) => element !== "");
  //
  if (lines.length > 0 && elements.length === 0) {
    throw malformed("expected a list with an element, got none");
  }
  return elements.map(decodeElement);
}

function decodeElement(element: string): OtherTokenBindingID {
  const match = /^([0-9A-Fa-f]{1,2})\.(.*)$/s.exec(element);
  if (match === null) throw malformed("expected elements of one or two hex digits, a period and an ID");
  const type = Number.parseInt(match[1]!, 16);
  //
  if (type === tokenBindingTypes.provided) {
    throw new TokenBindingError("provided_repeated", `${secOtherTokenBindingId}: got a provided binding`);
  }
  if (type === tokenBindingTypes.referred) {
    throw new TokenBindingError("referred_repeated", `${secOtherTokenBindingId}: got a referred binding`);
  }
  return { type, id: decodeTokenBindingID(decodeBase64url(match[2]!)) };
}

function malformed(message: string): TokenBindingError {
  return new TokenBindingError("header_malformed", `${secOtherTokenBindingId}: ${message}`);
}

/** The value of a field that is no list, undefined when there is none. */
function soleValue(name: string, lines: readonly string[]): string | undefined {
  const value = lines[0];
  if (value === undefined) return undefined;
  if (lines.length > 1 || value.includes(",")) {
    throw new TokenBindingError("header_repeated", `${name}: expected one value, got more`);
  }
  return trimOptionalWhitespace(value);
}

/**
 * A field value or list element without HTTP's optional white space around it: SP and HTAB, RFC 9110 section 5.6.3.
 * The work is in proportion to that white space; a regular expression would try every inner run of it again.
 */
function trimOptionalWhitespace(value: string): string {
  let start = 0;
  let end = value.length;
  while (start < end && isOptionalWhitespace(value.charCodeAt(start))) start++;
  while (end > start && isOptionalWhitespace(value.charCodeAt(end - 1))) end--;
  return value.slice(start, end);
}

function isOptionalWhitespace(code: number): boolean {
  return code === 0x20 || code === 0x09;
}
