import { ascii, type Bytes, concat, fill, fromHex, uint16, vector16 } from "../make/bytes.ts";
import { ec, ekm, rsa } from "../make/keys.ts";
import { bindingBytes, messageBytes, pssBinding, unknownBinding } from "../make/message-builder.ts";
import { extension, type MessageGroup, none, provided } from "./message-case.ts";

/** Signatures and extensions that do not close, and what is no message at all. */
export function brokenRest(group: MessageGroup): void {
  const signed = (length: number, prefix = length) =>
    vector16(concat(0, provided.id, vector16(fill(length, 0x5a), prefix), uint16(0)));
  group.decodes(
    "a signature of 65 bytes is a matter of verification, not of decoding",
    "SignatureLength",
    "TBP-3-11",
    [{ ...provided, signature: fill(65, 0x5a) }],
  );
  group.decodes("a signature of 1000 bytes is a matter of verification", "SignatureLength", "TBP-3-11", [
    { ...provided, signature: fill(1000, 0x5a) },
  ]);
  group.breaks(
    "length_out_of_range",
    "a signature of 63 bytes",
    "LowerBound SignatureLength",
    "TBP-3-11 A-07",
    signed(63),
  );
  group.breaks(
    "length_out_of_range",
    "a signature of 63 bytes of unknown key parameters",
    "LowerBound UnknownKeyParameters",
    "TBP-3-11 A-07",
    messageBytes({ ...unknownBinding(77), signature: fill(63, 1) }, provided),
  );
  group.breaks(
    "length_out_of_range",
    "a signature of 0 bytes",
    "EmptyField SignatureLength",
    "TBP-3-11 A-07",
    messageBytes({ ...provided, signature: none }, provided),
  );
  group.breaks(
    "truncated",
    "a signature length that takes in the extensions length",
    "SignatureLength",
    "TBP-3-20",
    signed(64, 66),
  );
  group.breaks(
    "truncated",
    "a signature length beyond the message",
    "SignatureLength",
    "TBP-3-20",
    signed(64, 0xffff),
  );

  const extended = (extensions: Bytes) => messageBytes({ ...provided, extensions });
  group.breaks(
    "truncated",
    "extensions of the bytes 00 01 02 … 09",
    "MalformedExtensions",
    "TBP-3-18 TBP-3-20 A-06",
    extended(Uint8Array.from({ length: 10 }, (_, i) => i)),
    { name: "derived-ec-malformed-extensions" },
  );
  for (const [comment, bytes] of [
    ["an extension type alone", Uint8Array.of(1)],
    ["an extension with half a length", Uint8Array.of(1, 0)],
    ["extension data one byte short", concat(1, vector16(ascii("data"), 5))],
    ["extension data beyond the message", concat(1, vector16(ascii("data"), 0xffff))],
    ["one good extension and one byte more", concat(extension(1, ascii("data")), 0)],
    ["one good extension and half of another", concat(extension(1, ascii("data")), 2, 0, 9, 1)],
    ["an extension type of two bytes", concat(0, 1, vector16(ascii("data")))],
  ] as const) {
    group.breaks("truncated", comment, "MalformedExtensions", "TBP-3-18 TBP-3-20 A-06", extended(bytes));
  }
  group.breaks(
    "truncated",
    "malformed extensions in a binding of unknown type",
    "MalformedExtensions UnknownType",
    "A-06",
    messageBytes(provided, { ...unknownBinding(77), extensions: Uint8Array.of(1, 2) }),
  );
  group.breaks(
    "truncated",
    "an extensions length one too great",
    "MalformedExtensions",
    "TBP-3-20",
    vector16(concat(bindingBytes(provided).subarray(0, 135), uint16(1))),
  );
  group.breaks(
    "truncated",
    "an extensions length one too small",
    "MalformedExtensions",
    "TBP-3-20",
    vector16(concat(bindingBytes(provided).subarray(0, 135), uint16(4), extension(1, ascii("ab")))),
  );
  group.breaks(
    "truncated",
    "no extensions length",
    "MalformedExtensions",
    "TBP-3-11",
    vector16(bindingBytes(provided).subarray(0, 135)),
  );

  for (const [comment, bytes] of [
    ["an ID instead of a message", provided.id],
    [
      "a SubjectPublicKeyInfo",
      concat(fromHex("3059301306072a8648ce3d020106082a8648ce3d03010703420004"), ec.point),
    ],
    ["text", ascii("not a message at all, but text as long as a message".repeat(4))],
    ["an EKM", ekm],
    ["a body of the TLS extension", Uint8Array.of(1, 0, 1, 2)],
    ["only 0xff", fill(139, 0xff)],
  ] as const) {
    group.breaks("truncated", comment, "WrongStructure", "TBP-3-10", bytes);
  }
  group.breaks(
    "length_out_of_range",
    "a binding instead of a message",
    "WrongStructure",
    "TBP-3-10",
    bindingBytes(pssBinding(rsa)),
  );
}
