import {
  decodeBase64url,
  decodeOtherTokenBindingIDs,
  decodeTokenBindingID,
  decodeTokenBindingIDField,
  decodeTokenBindingMessage,
  decodeTokenBindingParameters,
} from "../src/index.ts";
import { bytes, testFailures, zeros } from "./support/failures.ts";

const message = (...values: number[]) => decodeTokenBindingMessage(bytes(...values));
const id = (...values: number[]) => decodeTokenBindingID(bytes(...values));
const parameters = (...values: number[]) => decodeTokenBindingParameters(bytes(...values));

// An ecdsap256 message of 139 bytes up to its extensions.
const upToSignature = [0, 137, 0, 2, 0, 65, 64, ...zeros(64)];
const upToExtensions = [...upToSignature, 0, 64, ...zeros(64)];

testFailures([
  [
    "base64url_character",
    "- 3",
    "expected only A-Z a-z 0-9 - _, got U+003D at character 3",
    () => decodeBase64url("AAA="),
  ],
  ["base64url_character", "- 0", "got U+0009 at character 0", () => decodeBase64url("\tAAA")],
  ["base64url_character", "- 5", "got U+1F11 at character 5", () => decodeBase64url("AAAAA\u1f11")],
  [
    "base64url_length",
    "- 4",
    "expected a length that is not 1 modulo 4, got 5 characters",
    () => decodeBase64url("AAAAA"),
  ],
  [
    "base64url_unused_bits",
    "- 5",
    "expected the unused low bits of the last character to be 0",
    () => decodeBase64url("AAAAAB"),
  ],
  [
    "message_too_long",
    "- -",
    "expected at most 3 bytes, got 4",
    () => decodeTokenBindingMessage(bytes(0, 2, 0, 0), { maxMessageLength: 3 }),
  ],
  [
    "too_many_bindings",
    "TokenBindingMessage.tokenbindings 2",
    "expected at most 0 TokenBinding structures, got more",
    () => decodeTokenBindingMessage(bytes(...upToExtensions, 0, 0), { maxTokenBindings: 0 }),
  ],
  [
    "empty_message",
    "TokenBindingMessage.tokenbindings 0",
    "expected a TokenBinding, got none",
    () => message(),
  ],
  [
    "empty_message",
    "TokenBindingMessage.tokenbindings 0",
    "expected a TokenBinding, got none",
    () => message(0, 0),
  ],
  [
    "length_out_of_range",
    "TokenBindingMessage.tokenbindings 0",
    "expected a length of at least 132 bytes, got 1",
    () => message(0, 1),
  ],
  [
    "length_out_of_range",
    "TokenBindingMessage.tokenbindings 0",
    "expected a length of at least 132 bytes, got 0",
    () => message(0, 0, 0),
  ],
  [
    "truncated",
    "TokenBindingMessage.tokenbindings 2",
    "expected 256 bytes, got 0 before the end",
    () => message(1, 0),
  ],
  [
    "truncated",
    "TokenBindingMessage.tokenbindings length 0",
    "expected 2 bytes, got 1 before the end",
    () => message(0),
  ],
  [
    "trailing_bytes",
    "TokenBindingMessage 139",
    "expected its end, got 2 more bytes",
    () => message(...upToExtensions, 0, 0, 7, 7),
  ],
  [
    "truncated",
    "TokenBinding.extensions 139",
    "expected 1 bytes, got 0",
    () => message(...upToExtensions, 0, 1),
  ],
  [
    "truncated",
    "TokenBinding.signature 73",
    "expected 65 bytes, got 64",
    () => message(0, 135, ...upToSignature.slice(2), 0, 65, ...zeros(64)),
  ],
  [
    "length_out_of_range",
    "TokenBinding.signature 71",
    "expected a length of at least 64 bytes, got 63",
    () => message(...upToSignature, 0, 63, ...zeros(66)),
  ],
  ["truncated", "TokenBindingID.key_parameters 0", "expected 1 bytes, got 0", () => id()],
  ["truncated", "TokenBindingID.key 3", "expected 1 bytes, got 0", () => id(99, 0, 1)],
  ["trailing_bytes", "TokenBindingID 3", "expected its end, got 1 more bytes", () => id(99, 0, 0, 1)],
  [
    "trailing_bytes",
    "TokenBindingID.key 5",
    "expected its end, got 1 more bytes",
    () => id(2, 0, 3, 1, 9, 9),
  ],
  [
    "trailing_bytes",
    "TokenBindingID.key 8",
    "expected its end, got 1 more bytes",
    () => id(1, 0, 6, 0, 1, 9, 1, 9, 9),
  ],
  [
    "length_out_of_range",
    "TB_ECPoint.point 3",
    "expected a length of at least 1 bytes, got 0",
    () => id(2, 0, 1, 0),
  ],
  [
    "length_out_of_range",
    "RSAPublicKey.modulus 3",
    "expected a length of at least 1 bytes, got 0",
    () => id(0, 0, 2, 0, 0),
  ],
  [
    "length_out_of_range",
    "RSAPublicKey.publicexponent 6",
    "expected a length of at least 1 bytes, got 0",
    () => id(0, 0, 4, 0, 1, 9, 0),
  ],
  [
    "length_out_of_range",
    "TokenBindingParameters.key_parameters_list 2",
    "expected a length of at least 1 bytes, got 0",
    () => parameters(1, 0, 0),
  ],
  [
    "trailing_bytes",
    "TokenBindingParameters 4",
    "expected its end, got 1 more bytes",
    () => parameters(1, 0, 1, 2, 2),
  ],
  [
    "header_repeated",
    "- -",
    "EncodedTokenBindingID: expected one value, got more",
    () => decodeTokenBindingIDField(["A", "A"]),
  ],
  [
    "header_malformed",
    "- -",
    "Sec-Other-Token-Binding-ID: expected a list with an element, got none",
    () => decodeOtherTokenBindingIDs([","]),
  ],
  [
    "header_malformed",
    "- -",
    "Sec-Other-Token-Binding-ID: expected elements of one or two hex digits, a period and an ID",
    () => decodeOtherTokenBindingIDs(["2"]),
  ],
  [
    "provided_repeated",
    "- -",
    "Sec-Other-Token-Binding-ID: got a provided binding",
    () => decodeOtherTokenBindingIDs(["0.A"]),
  ],
  [
    "referred_repeated",
    "- -",
    "Sec-Other-Token-Binding-ID: got a referred binding",
    () => decodeOtherTokenBindingIDs(["1.A"]),
  ],
]);
