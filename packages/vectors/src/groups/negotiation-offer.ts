import { Group } from "../group.ts";
import { codes, type KeyParameters, names } from "../make/keys.ts";
import { negotiationNotes, tlsVersions } from "./negotiation-notes.ts";

const preferred: KeyParameters[] = ["ecdsap256", "rsa2048_pss", "rsa2048_pkcs1.5"];

interface Handshake {
  readonly server?: readonly KeyParameters[];
  readonly extendedMasterSecret?: boolean;
  readonly renegotiationIndication?: boolean;
}

/** What a server answers to an offer. */
export function negotiationOffer(): Group {
  const { Ordinary, Preference, Version, NoCommon, UnknownIdentifier, Downgrade, Malformed } =
    negotiationNotes;
  const group = new Group(6101, {
    group: "negotiation-offer",
    header:
      "What a server that speaks version 1.0 only answers to the extension in a ClientHello (RFC 8472 sections 3 and 4). Valid: the handshake goes on, with the answer, or without the extension where it is null.",
    notes: {
      Ordinary,
      Preference,
      Version,
      NoCommon,
      UnknownIdentifier,
      Downgrade,
      Malformed,
    } as typeof negotiationNotes,
    keys: {},
  });

  const inputs = (tlsVersion: string, offer: string | null, handshake: Handshake) => ({
    tlsVersion,
    extendedMasterSecret: handshake.extendedMasterSecret ?? true,
    renegotiationIndication: handshake.renegotiationIndication ?? true,
    serverKeyParameters: handshake.server ?? preferred,
    offer,
  });

  function answers(
    comment: string,
    flags: string,
    rows: string,
    offer: string | null,
    answer: string | null,
    handshake: Handshake = {},
    versions: readonly string[] = tlsVersions,
  ): void {
    for (const tlsVersion of versions) {
      const keyParameters = answer === null ? null : names[Number.parseInt(answer.slice(-2), 16)]!;
      group.valid(
        { comment: `TLS ${tlsVersion}: ${comment}`, flags, requirements: rows },
        inputs(tlsVersion, offer, handshake),
        { answer, keyParameters },
      );
    }
  }

  for (const name of names) {
    const body = `0100010${codes[name]}`;
    answers(`${name} offered`, "Ordinary", "TBN-3-06 TBN-4-01", body, body);
    answers(`${name} is all that the server takes`, "Ordinary", "TBN-3-06 TBN-4-01", "010003020100", body, {
      server: [name],
    });
  }
  answers(
    "the server prefers ecdsap256, the client rsa2048_pkcs1.5",
    "Preference",
    "TBN-4-02 TBN-4-04",
    "010003000102",
    "01000102",
  );
  answers(
    "the server prefers rsa2048_pkcs1.5, the client ecdsap256",
    "Preference",
    "TBN-4-02 TBN-4-04",
    "010003020100",
    "01000100",
    { server: ["rsa2048_pkcs1.5", "rsa2048_pss", "ecdsap256"] },
  );
  answers(
    "the server's second choice is the first in common",
    "Preference",
    "TBN-4-02",
    "0100020001",
    "01000101",
  );
  answers(
    "version 1.1 offered: the lower of the two",
    "Version",
    "TBN-2-05 TBN-3-05 A-15",
    "01010102",
    "01000102",
  );
  answers(
    "version 2.0 offered, whose minor is lower",
    "Version",
    "TBN-2-07 TBN-3-05 A-15",
    "02000102",
    "01000102",
  );
  answers("version 255.255 offered", "Version", "TBN-3-05 A-15", "ffff0102", "01000102");
  answers(
    "version 0.255 offered, whose minor is higher",
    "Version",
    "TBN-2-07 TBN-3-01 A-15",
    "00ff0102",
    null,
  );
  answers("version 0.13 offered", "Version", "TBN-3-01 A-15", "000d0102", null);
  answers("version 0.0 offered", "Version", "TBN-3-01 A-15", "00000102", null);
  answers("nothing offered", "NoCommon", "TBN-4-03", null, null);
  answers("only an unknown identifier", "NoCommon UnknownIdentifier", "TBN-3-02 TBN-4-03", "01000163", null);
  answers("only one that the server does not take", "NoCommon", "TBN-3-02 TBN-4-03", "01000100", null, {
    server: ["ecdsap256"],
  });
  answers(
    "an unknown identifier before a known one",
    "UnknownIdentifier",
    "TBN-3-04 A-18",
    "0100026302",
    "01000102",
  );
  answers(
    "254 unknown identifiers before a known one",
    "UnknownIdentifier",
    "TBN-3-04 A-18",
    `0100ff${"63".repeat(254)}00`,
    "01000100",
  );
  answers("the same identifier twice", "UnknownIdentifier", "A-18", "0100020202", "01000102");
  answers("duplicates of two", "UnknownIdentifier", "A-18", "01000401020102", "01000102");
  const rows = "TBN-3-03 TBN-6.2-01 TBP-4.2-01 TBP-7.5-01 A-17";
  const offer = "01000102";
  answers(
    "no Extended Master Secret: omitted",
    "Downgrade",
    rows,
    offer,
    null,
    { extendedMasterSecret: false },
    ["1.2"],
  );
  answers(
    "no Renegotiation Indication: omitted",
    "Downgrade",
    rows,
    offer,
    null,
    { renegotiationIndication: false },
    ["1.2"],
  );
  answers(
    "TLS 1.3 needs neither",
    "Downgrade",
    "T13-2-03 A-38",
    offer,
    offer,
    { extendedMasterSecret: false, renegotiationIndication: false },
    ["1.3"],
  );
  for (const [comment, body] of [
    ["no bytes", ""],
    ["half a version", "01"],
    ["a version only", "0100"],
    ["an empty list", "010000"],
    ["a list one byte short", "01000202"],
    ["a list length and no list", "010001"],
    ["one byte after the list", "0100010200"],
    ["a second body after the first", "0100010201000102"],
    ["one byte after a list of version 2.0", "0200010200"],
    ["one byte after a list of unknown identifiers", "0100016300"],
  ] as const) {
    for (const tlsVersion of tlsVersions) {
      const about = {
        comment: `TLS ${tlsVersion}: ${comment}`,
        flags: "Malformed",
        requirements: "TBN-2-08 A-16",
      };
      group.invalid(about, inputs(tlsVersion, body, {}), { alert: "decode_error" });
    }
  }
  return group;
}
