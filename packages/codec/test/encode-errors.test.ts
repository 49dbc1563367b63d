import { expect, test } from "vitest";
import {
  decodeTokenBindingID,
  decodeTokenBindingMessage,
  decodeTokenBindingParameters,
  encodeOtherTokenBindingIDs,
  encodeTokenBindingID,
  encodeTokenBindingMessage,
  encodeTokenBindingParameters,
  signedData,
} from "../src/index.ts";
import { bytes, testFailures } from "./support/failures.ts";

const version = { major: 1, minor: 0 };

/** An ID that only an encoder sees. */
const opaqueId = () => encodeTokenBindingID(99, { kind: "opaque", bytes: new Uint8Array(200) });
const encode = (type: number, signature: number, ...extension: [type: number, length: number] | []) => {
  const [extensionType, length] = extension;
  const extensions =
    extensionType === undefined ? [] : [{ extensionType, extensionData: new Uint8Array(length ?? 0) }];
  const binding = { type, id: opaqueId(), signature: new Uint8Array(signature), extensions };
  return encodeTokenBindingMessage({ tokenBindings: [binding] });
};

testFailures([
  [
    "invalid_argument",
    "TokenBindingMessage.tokenbindings -",
    "expected 132 to 65535 bytes, got 0",
    () => encodeTokenBindingMessage({ tokenBindings: [] }),
  ],
  [
    "invalid_argument",
    "TokenBinding.tokenbinding_type -",
    "expected 0 to 255, got 256",
    () => encode(256, 64),
  ],
  ["invalid_argument", "TokenBinding.tokenbinding_type -", "expected 0 to 255, got -1", () => encode(-1, 64)],
  [
    "invalid_argument",
    "TokenBinding.tokenbinding_type -",
    "expected 0 to 255, got 1.5",
    () => encode(1.5, 64),
  ],
  ["invalid_argument", "TokenBinding.signature -", "expected 64 to 65535 bytes, got 63", () => encode(0, 63)],
  [
    "invalid_argument",
    "TB_Extension.extension_type -",
    "expected 0 to 255, got 256",
    () => encode(0, 64, 256, 0),
  ],
  [
    "invalid_argument",
    "TB_Extension.extension_data -",
    "expected 0 to 65535 bytes, got 65536",
    () => encode(0, 64, 0, 65536),
  ],
  [
    "invalid_argument",
    "TokenBinding.extensions -",
    "expected 0 to 65535 bytes, got 65536",
    () => encode(0, 64, 0, 65533),
  ],
  [
    "invalid_argument",
    "TokenBindingID.key_parameters -",
    "expected 0 to 255, got 256",
    () => encodeTokenBindingID(256, { kind: "opaque", bytes: bytes() }),
  ],
  [
    "invalid_argument",
    "TokenBindingID.key -",
    "expected 0 to 65535 bytes, got 65536",
    () => encodeTokenBindingID(9, { kind: "opaque", bytes: new Uint8Array(65536) }),
  ],
  [
    "invalid_argument",
    "RSAPublicKey.modulus -",
    "expected 1 to 65535 bytes, got 0",
    () => encodeTokenBindingID(0, { kind: "rsa", modulus: bytes(), publicExponent: bytes(3) }),
  ],
  [
    "invalid_argument",
    "RSAPublicKey.publicexponent -",
    "expected 1 to 255 bytes, got 0",
    () => encodeTokenBindingID(1, { kind: "rsa", modulus: bytes(9), publicExponent: bytes() }),
  ],
  [
    "invalid_argument",
    "TB_ECPoint.point -",
    "expected 1 to 255 bytes, got 256",
    () => encodeTokenBindingID(2, { kind: "ec", point: new Uint8Array(256) }),
  ],
  [
    "invalid_argument",
    "- -",
    'key parameters 1 take a key of kind "rsa", got "ec"',
    () => encodeTokenBindingID(1, { kind: "ec", point: bytes(1) }),
  ],
  [
    "invalid_argument",
    "- -",
    'key parameters 2 take a key of kind "ec", got "opaque"',
    () => encodeTokenBindingID(2, { kind: "opaque", bytes: bytes(1) }),
  ],
  [
    "invalid_argument",
    "- -",
    'key parameters 3 take a key of kind "opaque", got "ec"',
    () => encodeTokenBindingID(3, { kind: "ec", point: bytes(1) }),
  ],
  [
    "invalid_argument",
    "TB_ProtocolVersion.major -",
    "expected 0 to 255, got 256",
    () => encodeTokenBindingParameters({ version: { major: 256, minor: 0 }, keyParametersList: [2] }),
  ],
  [
    "invalid_argument",
    "TB_ProtocolVersion.minor -",
    "expected 0 to 255, got 256",
    () => encodeTokenBindingParameters({ version: { major: 1, minor: 256 }, keyParametersList: [2] }),
  ],
  [
    "invalid_argument",
    "TokenBindingParameters.key_parameters_list -",
    "expected 1 to 255 bytes, got 0",
    () => encodeTokenBindingParameters({ version, keyParametersList: [] }),
  ],
  [
    "invalid_argument",
    "TokenBindingKeyParameters -",
    "expected 0 to 255, got 256",
    () => encodeTokenBindingParameters({ version, keyParametersList: [256] }),
  ],
  ["invalid_argument", "- -", "EKM: expected 32 bytes, got 31", () => signedData(0, 2, new Uint8Array(31))],
  [
    "invalid_argument",
    "- -",
    "Sec-Other-Token-Binding-ID: expected an ID, got none",
    () => encodeOtherTokenBindingIDs([]),
  ],
  [
    "invalid_argument",
    "- -",
    "TokenBindingType: expected 2 to 255, got 1",
    () => encodeOtherTokenBindingIDs([{ type: 1, id: opaqueId() }]),
  ],
]);

test("[TBP-3-10] [TBP-3-17] [TBN-2-03] the longest that the format can hold is encoded and decoded", () => {
  const point = encodeTokenBindingID(2, { kind: "ec", point: new Uint8Array(255) });
  expect(decodeTokenBindingID(point.bytes)).toEqual(point);
  const keyParametersList = new Array<number>(255).fill(2);
  const body = encodeTokenBindingParameters({ version, keyParametersList });
  expect(decodeTokenBindingParameters(body)).toEqual({ version, keyParametersList });
  // 1 type, 203 ID, 2 + 2 lengths; the rest of 65535 bytes is signature.
  const longest = encode(7, 65535 - 1 - 203 - 4);
  expect(longest).toHaveLength(65537);
  expect(decodeTokenBindingMessage(longest).tokenBindings).toHaveLength(1);
  expect(() => decodeTokenBindingMessage(longest, { maxMessageLength: 65536 })).toThrow(
    "at most 65536 bytes",
  );
});
