import { type Bytes, concat, fill, fromHex, hex } from "../make/bytes.ts";
import { Group } from "../group.ts";

/** Bodies of extension 24: TokenBindingParameters of RFC 8472 section 2. */
export function negotiationBody(): Group {
  const group = new Group(6001, {
    group: "negotiation-body",
    header:
      "Decoding of TokenBindingParameters (RFC 8472 section 2), the body of the token_binding extension. Which values are acceptable is negotiated in the groups negotiation-offer and negotiation-answer.",
    notes: {
      Ordinary: {
        bugType: "interoperability",
        description: "A body as honest peers send it.",
        effect: "A decoder that refuses it cannot be used.",
      },
      Version: {
        bugType: "extensibility",
        description: "Another protocol version: the structure stays the same.",
        effect: "The first new version breaks every old peer.",
      },
      UnknownIdentifier: {
        bugType: "extensibility",
        description: "Identifiers that no document assigns: kept, and ignored later (A-18).",
        effect: "The first new kind of key breaks every old server.",
      },
      EmptyList: {
        bugType: "framing",
        description: "A list of no identifiers; at least one is required (A-16).",
        effect: "A client or server picks the first of none.",
      },
      Truncated: {
        bugType: "out-of-bounds read",
        description: "The body ends inside a field (A-16).",
        effect: "A read beyond the end: what follows in memory is taken for an offer.",
      },
      TrailingBytes: {
        bugType: "framing",
        description: "Bytes after the list (A-16).",
        effect: "Two peers read different lists.",
      },
    },
    keys: {},
  });
  const valid = (comment: string, flags: string, rows: string, body: Bytes) => {
    const [major, minor, , ...keyParametersList] = body;
    group.valid(
      { comment, flags, requirements: rows },
      { body: hex(body) },
      { version: { major: major!, minor: minor! }, keyParametersList },
    );
  };
  const invalid = (code: string, comment: string, flags: string, body: Bytes) => {
    group.invalid({ comment, flags, requirements: "TBN-2-08 A-16" }, { body: hex(body) }, { code });
  };
  valid("version 1.0 with ecdsap256", "Ordinary", "TBN-2-02 TBP-2-01", fromHex("01000102"));
  valid("version 1.0 with rsa2048_pss", "Ordinary", "TBN-2-02", fromHex("01000101"));
  valid("version 1.0 with rsa2048_pkcs1.5", "Ordinary", "TBN-2-02", fromHex("01000100"));
  valid("all three, in falling preference", "Ordinary", "TBN-2-03", fromHex("010003020100"));
  valid("all three in another order, which is kept", "Ordinary", "TBN-2-03", fromHex("010003000201"));
  valid("version 0.13, of the drafts", "Version", "TBN-2-07", fromHex("000d0102"));
  valid("version 255.255", "Version", "TBN-2-07", fromHex("ffff0102"));
  valid("version 0.0", "Version", "TBN-2-07", fromHex("00000102"));
  valid("an unknown identifier", "UnknownIdentifier", "TBN-3-04 A-18", fromHex("01000163"));
  valid("unknown and known identifiers", "UnknownIdentifier", "TBN-3-04 A-18", fromHex("0100046302ff00"));
  valid("the same identifier twice", "UnknownIdentifier", "A-18", fromHex("0100020202"));
  valid("the longest list: 255 identifiers", "Ordinary", "TBN-2-02", concat(1, 0, 255, fill(255, 2)));
  invalid("truncated", "no bytes", "Truncated", new Uint8Array());
  invalid("truncated", "half a version", "Truncated", fromHex("01"));
  invalid("truncated", "a version only", "Truncated", fromHex("0100"));
  invalid("length_out_of_range", "an empty list", "EmptyList", fromHex("010000"));
  invalid(
    "length_out_of_range",
    "an empty list and a byte after it",
    "EmptyList TrailingBytes",
    fromHex("01000002"),
  );
  invalid("truncated", "a list one byte short", "Truncated", fromHex("01000202"));
  invalid("truncated", "a list length of 255 before one byte", "Truncated", fromHex("0100ff02"));
  invalid("truncated", "a list length and no list", "Truncated", fromHex("010001"));
  invalid("trailing_bytes", "one byte after the list", "TrailingBytes", fromHex("0100010200"));
  invalid("trailing_bytes", "a second body after the first", "TrailingBytes", fromHex("0100010201000102"));
  invalid(
    "trailing_bytes",
    "256 bytes after the list",
    "TrailingBytes",
    concat(fromHex("01000102"), fill(256, 2)),
  );
  invalid("length_out_of_range", "a list length of two bytes", "EmptyList", fromHex("0100000102"));
  invalid("length_out_of_range", "a version of two bytes each", "EmptyList", fromHex("0001000001"));
  invalid(
    "trailing_bytes",
    "with the extension's own length in front",
    "TrailingBytes",
    fromHex("000401000102"),
  );
  return group;
}
