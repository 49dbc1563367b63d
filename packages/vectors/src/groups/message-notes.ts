import type { Flag } from "../group.ts";

const framing = "framing";

export const messageNotes: Readonly<Record<string, Flag>> = {
  Ordinary: {
    bugType: "interoperability",
    description: "A message as honest clients send it.",
    effect: "A decoder that refuses it cannot be used.",
  },
  Order: {
    bugType: "interoperability",
    description: "Order and number of bindings are free in the structure; what HTTP allows is judged later.",
    effect: "Decoder and policy are mixed: another protocol, or a later type, cannot use the decoder.",
  },
  UnknownType: {
    bugType: "extensibility",
    description: "A TokenBindingType that no document assigns is to be decoded and ignored.",
    effect: "The first new type breaks every old server.",
  },
  UnknownKeyParameters: {
    bugType: "extensibility",
    description: "Key parameters that no document assigns: key_length tells how to skip the key.",
    effect: "The first new kind of key breaks every old server, or the bytes after it are misread.",
  },
  Extension: {
    bugType: "extensibility",
    description: "Extensions of unknown types, which are to be decoded and ignored.",
    effect: "The first extension breaks every old server.",
  },
  MalformedExtensions: {
    bugType: framing,
    description: "The extensions vector does not close (A-06).",
    effect: "A decoder that skips it as opaque bytes reads another message than one that looks inside.",
  },
  LowerBound: {
    bugType: framing,
    description: "The lower bounds 132 of the message and 64 of the signature (A-07).",
    effect: "Two decoders disagree about what is a message.",
  },
  UpperBound: {
    bugType: framing,
    description: "The longest message that two bytes of length can announce.",
    effect: "An overflow, or a message that is cut silently.",
  },
  Limit: {
    bugType: "denial of service",
    description:
      "The case carries limits, which are a decoder's own choice; skip it where yours cannot be set.",
    effect: "One request costs hundreds of signature verifications.",
  },
  Empty: {
    bugType: framing,
    description: "A message without a single binding.",
    effect: "A loop over no bindings finds nothing wrong, and the message counts as verified.",
  },
  EmptyField: {
    bugType: framing,
    description: "A field of no bytes that must have at least one.",
    effect: "A number or a point of no bytes reaches code that is not made for it.",
  },
  Truncated: {
    bugType: "out-of-bounds read",
    description: "The message ends inside a field.",
    effect: "A read beyond the end: a crash, or memory of others taken for a key.",
  },
  LengthMismatch: {
    bugType: framing,
    description: "The outer length says something else than there is.",
    effect: "A read beyond the end, or bytes that one party sees and another does not.",
  },
  TrailingBytes: {
    bugType: framing,
    description: "Bytes that belong to no field.",
    effect: "One proof has many encodings, and what follows it may be read by the next parser.",
  },
  KeyLength: {
    bugType: framing,
    description: "key_length and the lengths inside the key do not agree (A-08).",
    effect: "One key has many IDs, and each of them is another identity.",
  },
  SignatureLength: {
    bugType: framing,
    description: "The signature's length prefix; only its lower bound belongs to decoding.",
    effect: "A signature of the wrong size reaches a verifier that reads 64 or 256 bytes regardless.",
  },
  WrongStructure: {
    bugType: framing,
    description: "Bytes that are something else altogether.",
    effect: "An exception of another kind than a rejection: an index error, a crash.",
  },
};
