import { Group } from "../group.ts";
import { names } from "../make/keys.ts";
import { negotiationNotes, tlsVersions } from "./negotiation-notes.ts";

const all = "010003020100";
const ecOnly = "01000102";

interface Handshake {
  readonly offer?: string | null;
  readonly extendedMasterSecret?: boolean;
  readonly renegotiationIndication?: boolean;
}

/** What a client does with an answer. */
export function negotiationAnswer(): Group {
  const { Ordinary, Version, NoCommon, Downgrade, Malformed, NotOffered } = negotiationNotes;
  const group = new Group(6201, {
    group: "negotiation-answer",
    header:
      "What a client does with the extension in the server's answer to its offer (RFC 8472 section 4). Valid: the handshake goes on, with these key parameters, or without Token Binding where they are null. Invalid: the client ends it with this alert.",
    notes: { Ordinary, Version, NoCommon, Downgrade, Malformed, NotOffered } as typeof negotiationNotes,
    keys: {},
  });
  const inputs = (tlsVersion: string, answer: string | null, handshake: Handshake) => ({
    tlsVersion,
    extendedMasterSecret: handshake.extendedMasterSecret ?? true,
    renegotiationIndication: handshake.renegotiationIndication ?? true,
    offer: handshake.offer === undefined ? all : handshake.offer,
    answer,
  });

  function accepts(
    comment: string,
    flags: string,
    rows: string,
    answer: string | null,
    isNegotiated: boolean,
    handshake: Handshake = {},
    versions: readonly string[] = tlsVersions,
  ): void {
    const keyParameters = isNegotiated ? names[Number.parseInt(answer!.slice(-2), 16)]! : null;
    for (const tlsVersion of versions) {
      const about = { comment: `TLS ${tlsVersion}: ${comment}`, flags, requirements: rows };
      group.valid(about, inputs(tlsVersion, answer, handshake), { keyParameters });
    }
  }

  function aborts(
    alert: string,
    comment: string,
    flags: string,
    rows: string,
    answer: string,
    handshake: Handshake = {},
    versions: readonly string[] = tlsVersions,
  ): void {
    for (const tlsVersion of versions) {
      const about = { comment: `TLS ${tlsVersion}: ${comment}`, flags, requirements: rows };
      group.invalid(about, inputs(tlsVersion, answer, handshake), { alert });
    }
  }

  for (const code of [2, 1, 0])
    accepts(`${names[code]} of all three`, "Ordinary", "TBN-3-06", `0100010${code}`, true);
  accepts("the one that was offered", "Ordinary", "TBN-3-06", ecOnly, true, { offer: ecOnly });
  accepts("no answer", "NoCommon", "TBN-4-14", null, false);
  accepts(
    "version 0.13: not spoken here, goes on without",
    "Version",
    "TBN-2-06 TBN-4-16 A-15",
    "000d0102",
    false,
  );
  accepts("version 0.255, whose minor is higher", "Version", "TBN-2-06 TBN-2-07 A-15", "00ff0102", false);
  const unsupported = (
    comment: string,
    flags: string,
    rows: string,
    answer: string,
    handshake?: Handshake,
    versions?: readonly string[],
  ) => {
    aborts("unsupported_extension", comment, flags, rows, answer, handshake, versions);
  };
  unsupported("version 1.1, higher than offered", "Version NotOffered", "TBN-4-06 A-16", "01010102");
  unsupported("version 2.0", "Version NotOffered", "TBN-4-06 A-16", "02000102");
  unsupported("version 255.255", "Version NotOffered", "TBN-4-06 A-16", "ffff0102");
  unsupported("two identifiers, both offered", "NotOffered", "TBN-4-07 A-16", "0100020201");
  unsupported("the same identifier twice", "NotOffered", "TBN-4-07 A-16", "0100020202");
  unsupported("255 identifiers", "NotOffered", "TBN-4-07 A-16", `0100ff${"02".repeat(255)}`);
  unsupported("an identifier that was not offered", "NotOffered", "TBN-4-08 A-16", "01000101", {
    offer: ecOnly,
  });
  unsupported("identifier 3, which no document assigns", "NotOffered", "TBN-4-08 A-16", "01000103");
  unsupported("identifier 255", "NotOffered", "TBN-4-08 A-16", "010001ff");
  unsupported(
    "an identifier that only follows the client's list in memory",
    "NotOffered",
    "TBN-4-08 A-16",
    "01000100",
    { offer: "0100020201" },
  );
  unsupported("an answer to what was not offered", "NotOffered", "TBN-4-05 A-16", ecOnly, { offer: null }, [
    "1.2",
  ]);
  const rows = "TBN-4-10 TBN-6.2-01 TBP-7.5-01 A-16";
  unsupported("no Extended Master Secret", "Downgrade", rows, ecOnly, { extendedMasterSecret: false }, [
    "1.2",
  ]);
  unsupported("no Renegotiation Indication", "Downgrade", rows, ecOnly, { renegotiationIndication: false }, [
    "1.2",
  ]);
  accepts(
    "no Extended Master Secret, and no answer",
    "Downgrade",
    "TBN-4-14",
    null,
    false,
    { extendedMasterSecret: false },
    ["1.2"],
  );
  accepts(
    "TLS 1.3 needs neither",
    "Downgrade",
    "T13-2-03 A-38",
    ecOnly,
    true,
    { extendedMasterSecret: false, renegotiationIndication: false },
    ["1.3"],
  );
  for (const [comment, body] of [
    ["no bytes", ""],
    ["half a version", "01"],
    ["an empty list", "010000"],
    ["a list one byte short", "01000202"],
    ["a list length and no list", "010001"],
    ["one byte after the list", "0100010200"],
    ["a second body after the first", "0100010201000102"],
    ["one byte after a list of version 0.13", "000d010200"],
  ] as const) {
    aborts("decode_error", comment, "Malformed", "A-16", body);
  }
  return group;
}
