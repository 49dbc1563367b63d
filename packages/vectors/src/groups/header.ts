import { base64url, concat, flip, hex } from "../make/bytes.ts";
import { ecJwk } from "../make/ec.ts";
import { Group } from "../group.ts";
import { ec, ekm, otherEc } from "../make/keys.ts";
import { type Binding, ecBinding, established, message, messageBytes } from "../make/message-builder.ts";

const provided = ecBinding(ec);
const value = message(provided);
const both = message(provided, ecBinding(otherEc, { type: 1 }));
/** 141 bytes: one more byte of extension than a multiple of three has room for, so that bits are left over. */
const withRest = (extra: number): Binding => ({
  ...provided,
  extensions: concat(1, 0, extra, new Uint8Array(extra)),
});

/** Values of the Sec-Token-Binding field. */
export function headerGroup(): Group {
  const group = new Group(7001, {
    group: "header",
    header:
      "Values of Sec-Token-Binding (RFC 8473 section 2) as an HTTP parser hands them over, one for each field line of the request.",
    notes: {
      Ordinary: {
        bugType: "interoperability",
        description: "A field as honest clients send it.",
        effect: "A server that refuses it cannot be used.",
      },
      WhiteSpace: {
        bugType: "interoperability",
        description: "HTTP's optional white space around the value is no part of it (A-10).",
        effect: "Whether a request is accepted depends on what a proxy does to white space.",
      },
      Repeated: {
        bugType: "request smuggling",
        description: "More than one field, or two that something has joined with a comma (TBH-2-05, A-11).",
        effect: "A proxy looks at the first and the server at the last.",
      },
      Alphabet: {
        bugType: "parsing",
        description: "Characters outside base64url (A-10). Many decoders skip them, or take both alphabets.",
        effect: "One message has many values: filters and caches are passed by.",
      },
      Padding: {
        bugType: "parsing",
        description: "Padding characters, which RFC 8473 forbids (A-10).",
        effect: "One message has several values.",
      },
      Length: {
        bugType: "parsing",
        description: "A length that no bytes encode to (A-10).",
        effect: "The last character is dropped silently.",
      },
      UnusedBits: {
        bugType: "parsing",
        description: "Bits of the last character that belong to no byte are set (A-10).",
        effect: "One message has up to 16 values.",
      },
      NotAMessage: {
        bugType: "framing",
        description: "Good base64url of something else.",
        effect: "An exception of another kind than a rejection: an index error, a crash.",
      },
    },
    keys: { ec: ecJwk(ec), otherEc: ecJwk(otherEc) },
  });
  const inputs = (fields: readonly string[]) => ({ ekm: hex(ekm), negotiated: "ecdsap256", fields });
  const valid = (
    comment: string,
    flags: string,
    rows: string,
    field: string,
    bindings: Binding[] = [provided],
  ) => {
    const referredBinding = bindings.find(({ type }) => type === 1);
    group.valid(
      { comment, flags, requirements: rows },
      inputs([field]),
      established(bindings[0]!, referredBinding),
    );
  };
  const invalid = (code: string, comment: string, flags: string, rows: string, ...fields: string[]) => {
    group.invalid({ comment, flags, requirements: rows }, inputs(fields), { code });
  };

  valid("one binding, 186 characters", "Ordinary", "TBH-2-04 TBP-3-19", value);
  valid("two bindings, 368 characters", "Ordinary", "TBH-2-04", both, [
    provided,
    ecBinding(otherEc, { type: 1 }),
  ]);
  for (const extra of [0, 1, 2]) {
    const rest = (142 + extra + 2) % 3;
    valid(
      `a length with ${rest} bytes in the last group of characters`,
      "Ordinary",
      "TBH-2-04",
      message(withRest(extra)),
      [withRest(extra)],
    );
  }
  valid("spaces before and after", "WhiteSpace", "A-10", `  ${value} `);
  valid("tabs before and after", "WhiteSpace", "A-10", `\t${value}\t`);
  const alphabet = (comment: string, field: string, flag = "Alphabet") => {
    invalid("base64url_character", comment, flag, "TBH-2-04 A-10", field);
  };
  const at = (index: number, text: string, length = 0) =>
    value.slice(0, index) + text + value.slice(index + length);
  alphabet("a space in the middle", at(93, " "));
  alphabet("a tab in the middle", at(93, "\t"));
  alphabet("a tab instead of a character", at(93, "\t", 1));
  alphabet("the other alphabet: + for -", value.replaceAll("-", "+").replaceAll("_", "/"));
  const plus = at(40, "+", 1);
  alphabet("one +", plus);
  alphabet("one /", at(40, "/", 1));
  alphabet("one *", at(40, "*"));
  alphabet("one .", at(40, "."));
  alphabet("one ~", at(40, "~"));
  alphabet("a % escape", at(40, "%41", 1));
  alphabet("a character above ASCII", at(40, "\u00e9", 1));
  alphabet("in quotes", `"${value}"`);
  alphabet("in colons, as a byte sequence of Structured Fields", `:${value}:`);
  alphabet("with a parameter", `${value};v=1`);
  alphabet("as a parameter", `tb=${value}`);
  alphabet("with a scheme, as in Authorization", `Bearer ${value}`);
  alphabet("two values with a space between", `${value} ${value}`);
  alphabet("two values with a semicolon between", `${value};${value}`);
  alphabet("one character of padding", `${value.slice(0, 183)}=`, "Padding");
  alphabet("two characters of padding, as many as base64 would have", `${message(withRest(1))}==`, "Padding");
  alphabet("padding after a value that needs none", `${message(withRest(0))}=`, "Padding");
  alphabet("padding before the value", `=${value}`, "Padding");
  alphabet("padding in the middle", at(92, "="), "Padding");
  alphabet("hexadecimal with a prefix and spaces", `00 89 ${hex(messageBytes(provided).subarray(2))}`);

  invalid(
    "base64url_length",
    "one character too many",
    "Length",
    "TBH-2-04 A-10",
    value.length % 4 === 0 ? `${value}A` : `${value}AAA`,
  );
  invalid("base64url_length", "one character alone", "Length", "A-10", "A");
  for (const [extra, bits] of [
    [0, 0],
    [1, 0],
    [2, 0],
  ] as const) {
    const text = message(withRest(extra));
    const unused = text.length % 4 === 3 ? 2 : text.length % 4 === 2 ? 4 : bits;
    for (let bit = 0; bit < unused; bit++) {
      invalid(
        "base64url_unused_bits",
        `unused bit ${bit} of ${unused} set`,
        "UnusedBits",
        "A-10",
        setBit(text, bit),
      );
    }
  }
  invalid(
    "truncated",
    "one character too few: a byte less",
    "NotAMessage",
    "TBP-3-20",
    message(withRest(0)).slice(0, -2),
  );
  invalid("empty_message", "an empty value", "NotAMessage", "TBP-4.2-06", "");
  invalid("empty_message", "white space only", "NotAMessage WhiteSpace", "TBP-4.2-06 A-10", " \t ");
  invalid(
    "trailing_bytes",
    "two messages in one value",
    "NotAMessage",
    "TBP-3-20 A-08",
    base64url(concat(messageBytes(provided), messageBytes(provided))),
  );
  invalid("truncated", "the word null", "NotAMessage", "TBP-3-10", "null");
  invalid(
    "truncated",
    "hexadecimal, which is base64url of something else",
    "NotAMessage",
    "TBP-3-10",
    `ff${hex(messageBytes(provided))}`,
  );
  invalid(
    "truncated",
    "base64url of base64url",
    "NotAMessage",
    "TBP-3-10",
    base64url(new TextEncoder().encode(value)),
  );
  invalid(
    "signature_invalid",
    "upper and lower case exchanged in one character",
    "NotAMessage",
    "TBP-4.2-07",
    swapCase(message({ ...provided, signature: flip(provided.signature, 5, 0) }), 100),
  );

  const repeated = (comment: string, ...fields: string[]) => {
    invalid("header_repeated", comment, "Repeated", "TBH-2-05 A-11", ...fields);
  };
  repeated("two fields with the same value", value, value);
  repeated("two fields with different values", value, both);
  repeated("a bad field before a good one", "AAAA", value);
  repeated("a good field before a bad one", value, "AAAA");
  repeated("an empty field before a good one", "", value);
  repeated("a good field before an empty one", value, "");
  repeated("three fields", value, value, value);
  repeated("two values joined by a comma and a space", `${value}, ${value}`);
  repeated("two values joined by a comma", `${value},${value}`);
  repeated("a comma after the value", `${value},`);
  repeated("a comma before the value", `,${value}`);
  repeated("a comma only", ",");
  repeated("a value cut in two by a comma", at(93, ","));
  repeated("two fields of which one is itself joined", `${value},${value}`, value);
  return group;
}

const characters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

function setBit(text: string, bit: number): string {
  return text.slice(0, -1) + characters[characters.indexOf(text.at(-1)!) | (1 << bit)]!;
}

/** Exchanges the case of the first letter from here on. */
function swapCase(text: string, from: number): string {
  const index = from + text.slice(from).search(/[A-Za-z]/);
  const letter = text[index]!;
  const swapped = letter === letter.toUpperCase() ? letter.toLowerCase() : letter.toUpperCase();
  return text.slice(0, index) + swapped + text.slice(index + 1);
}
