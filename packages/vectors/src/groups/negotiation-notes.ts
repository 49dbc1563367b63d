import type { Flag } from "../group.ts";

export const negotiationNotes: Readonly<Record<string, Flag>> = {
  Ordinary: {
    bugType: "interoperability",
    description: "What honest peers of this version say.",
    effect: "Token Binding is never negotiated.",
  },
  Preference: {
    bugType: "interoperability",
    description: "The server's order of preference decides, not the client's (TBN-4-02, TBN-4-04).",
    effect: "A client chooses the weaker key for both.",
  },
  Version: {
    bugType: "extensibility",
    description: "Versions are compared as one 16-bit number (A-15).",
    effect:
      "The first new version breaks every old peer, or a version is agreed on that one side cannot speak.",
  },
  NoCommon: {
    bugType: "interoperability",
    description: "Nothing in common: the extension is omitted and the connection goes on (TBN-4-03).",
    effect: "Connections fail, or something is agreed on that the client never offered.",
  },
  UnknownIdentifier: {
    bugType: "extensibility",
    description: "Unknown identifiers and duplicates in the offer are ignored (A-18).",
    effect: "The first new kind of key breaks every old server.",
  },
  Downgrade: {
    bugType: "downgrade",
    description:
      "Up to TLS 1.2 Token Binding needs Extended Master Secret and Renegotiation Indication (TBN-6.2-01).",
    effect: "A man in the middle makes two connections have one EKM, and relays messages (triple handshake).",
  },
  Malformed: {
    bugType: "framing",
    description: "A body that does not decode ends the handshake with decode_error (A-16).",
    effect: "A read beyond the end, or two peers that agreed on different things.",
  },
  NotOffered: {
    bugType: "missing check",
    description: "The answer names what the client did not offer, or more than one (TBN-4-05 to TBN-4-08).",
    effect: "The server chooses a parameter for the client; one client searched its list past the end.",
  },
};

export const tlsVersions = ["1.2", "1.3"] as const;
