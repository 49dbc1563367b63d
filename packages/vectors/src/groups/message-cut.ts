import { concat, uint16, vector16, vector8 } from "../make/bytes.ts";
import { otherEc, referred } from "../make/keys.ts";
import { bindingBytes, ecBinding } from "../make/message-builder.ts";
import { type MessageGroup, none, provided, whole } from "./message-case.ts";

/** Messages that end too early or too late. */
export function cut(group: MessageGroup): void {
  group.breaks("empty_message", "no binding", "Empty", "TBP-4.2-06 TBP-3-10", uint16(0), {
    name: "ping-empty_tb_msg",
  });
  group.breaks("empty_message", "no bytes at all", "Empty", "TBP-4.2-06 TBP-3-10", none);
  group.breaks("truncated", "one byte: half of the length", "Truncated", "TBP-3-10", Uint8Array.of(0));
  group.breaks(
    "length_out_of_range",
    "no binding, and bytes after it",
    "Empty TrailingBytes",
    "TBP-3-10",
    concat(0, 0, whole),
  );

  // Wherever the message is cut, the outer length is no longer true.
  for (const [where, length] of [
    ["in the type", 2],
    ["in key_parameters", 3],
    ["in key_length", 5],
    ["in the point", 40],
    ["in the signature length", 72],
    ["in the signature", 100],
    ["in the extensions length", 138],
  ] as const) {
    group.breaks(
      "truncated",
      `cut ${where}, the outer length unchanged`,
      "Truncated",
      "TBP-3-20 A-08",
      whole.subarray(0, length),
    );
  }
  // A second binding that is cut, with an outer length that fits.
  for (const [where, length] of [
    ["after the type", 1],
    ["after key_parameters", 2],
    ["in key_length", 3],
    ["after key_length", 4],
    ["in the point", 40],
    ["before the signature length", 69],
    ["in the signature length", 70],
    ["in the signature", 134],
    ["before the extensions length", 135],
    ["in the extensions length", 136],
  ] as const) {
    const cut = vector16(concat(bindingBytes(provided), bindingBytes(provided).subarray(0, length)));
    group.breaks(
      "truncated",
      `a second binding cut ${where}, the outer length adjusted`,
      "Truncated",
      "TBP-3-11 TBP-3-20 A-08",
      cut,
    );
  }
  group.breaks(
    "truncated",
    "an outer length one too great",
    "LengthMismatch",
    "TBP-3-20 A-08",
    vector16(bindingBytes(provided), 138),
  );
  group.breaks(
    "truncated",
    "an outer length of 65535 before 137 bytes",
    "LengthMismatch",
    "TBP-3-20",
    vector16(bindingBytes(provided), 0xffff),
  );
  group.breaks(
    "trailing_bytes",
    "an outer length one too small",
    "LengthMismatch",
    "TBP-3-20 A-08",
    vector16(bindingBytes(provided), 136),
  );
  group.breaks(
    "trailing_bytes",
    "one byte after the message",
    "TrailingBytes",
    "TBP-3-20 A-08",
    concat(whole, 0),
    { name: "derived-ec-trailing-byte-after-message" },
  );
  group.breaks(
    "trailing_bytes",
    "a second message after the message",
    "TrailingBytes",
    "TBP-3-20 A-08",
    concat(whole, whole),
  );
  group.breaks(
    "trailing_bytes",
    "a second binding after the message",
    "TrailingBytes",
    "TBP-3-20 A-08",
    concat(whole, bindingBytes(ecBinding(otherEc))),
  );
  group.breaks(
    "truncated",
    "the outer length in little-endian",
    "LengthMismatch",
    "TBP-3-10",
    concat(0x89, 0x00, bindingBytes(provided)),
  );
  group.breaks(
    "truncated",
    "an outer length of one byte",
    "LengthMismatch",
    "TBP-3-10",
    vector8(bindingBytes(provided)),
  );
  group.breaks(
    "truncated",
    "a referred binding without an outer length",
    "LengthMismatch",
    "TBP-3-10",
    bindingBytes({ ...provided, type: referred }),
  );
}
