import type { Flag } from "../group.ts";

const policy = "policy";
const forgery = "forgery";

export const bindingsNotes: Readonly<Record<string, Flag>> = {
  Ordinary: {
    bugType: "interoperability",
    description: "A message as honest clients send it.",
    effect: "A verifier that refuses it cannot be used.",
  },
  ProvidedCount: {
    bugType: policy,
    description: "In HTTP a message has exactly one provided binding (A-12).",
    effect: "Two layers take different bindings for the client's identity, or none is proven at all.",
  },
  ReferredCount: {
    bugType: policy,
    description: "A message has at most one referred binding (A-13).",
    effect: "Two layers take different bindings for the one that a token is asked for.",
  },
  InvalidReferred: {
    bugType: forgery,
    description: "The referred binding is bad; the whole message is refused (A-01).",
    effect: "A token is issued for a key that the client does not hold.",
  },
  InvalidProvided: {
    bugType: forgery,
    description: "The provided binding is bad, whatever else is in the message.",
    effect: "A good referred binding, of a key that the attacker holds, carries a bad provided one.",
  },
  ReferredParameters: {
    bugType: "interoperability",
    description: "The referred binding's key parameters need not be the negotiated ones (TBP-4.2-05).",
    effect: "Federation works only between servers that negotiate alike.",
  },
  UnknownParameters: {
    bugType: "extensibility",
    description:
      "A referred binding of unknown key parameters: accepted, but no token may be bound to it (A-04).",
    effect: "A token is bound to a key that nobody has proven, or the first new kind of key breaks logins.",
  },
  UnknownType: {
    bugType: "extensibility",
    description:
      "Bindings of unknown type are ignored, and their signatures not judged unless asked for (A-03).",
    effect: "The first new type breaks every old server, or unverified IDs are handed out as proven.",
  },
  StrictUnknownType: {
    bugType: policy,
    description:
      "With verifyUnknownTypes the signatures of unknown types are judged too; skip the case where that option does not exist (A-03).",
    effect: "A proxy that forwards the IDs of other types vouches for what it has not verified.",
  },
  Extension: {
    bugType: "extensibility",
    description: "Extensions are decoded, ignored and not covered by the signature.",
    effect: "The first extension breaks every old server.",
  },
  Order: {
    bugType: "interoperability",
    description: "Bindings may come in any order.",
    effect: "The first binding is taken for the provided one, whatever its type.",
  },
  SameKey: {
    bugType: "interoperability",
    description: "Provided and referred binding of one key (TBH-5.3-05).",
    effect: "Federation between two hosts of one site fails.",
  },
  MixedUp: {
    bugType: forgery,
    description: "Parts of two good bindings are exchanged.",
    effect: "A proof of one key counts for another.",
  },
  WorkBound: {
    bugType: "denial of service",
    description: "Many bindings: the verdict must not cost a signature verification for each.",
    effect: "One request of 55 KB costs 400 verifications.",
  },
};
