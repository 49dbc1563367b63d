import { base64url, type Bytes, concat, fill } from "../make/bytes.ts";
import { ecJwk } from "../make/ec.ts";
import { Group } from "../group.ts";
import { codes, ec, ecPublicKey, otherEc, rsa, rsaPublicKey, tokenBindingId } from "../make/keys.ts";
import { rsaJwk } from "../make/rsa.ts";

const id = tokenBindingId(codes.ecdsap256, ecPublicKey(ec));
const otherId = tokenBindingId(codes.ecdsap256, ecPublicKey(otherEc));
const rsaId = tokenBindingId(codes.rsa2048_pss, rsaPublicKey(rsa));
const [a, b, c] = [base64url(id), base64url(otherId), base64url(rsaId)] as const;

type Listed = readonly [type: number, id: Bytes];

/** The request fields in which a proxy tells its backend what it validated. */
export function ttrpHeader(): Group {
  const group = new Group(9001, {
    group: "ttrp-header",
    header:
      "Request fields from a TLS-terminating proxy to its backend (draft-ietf-tokbind-ttrp-09 sections 2.1 and 2.2) as an HTTP parser hands them over, one value for each field line. What is expected are the types and IDs.",
    notes: {
      Ordinary: {
        bugType: "interoperability",
        description: "Fields as a proxy sends them.",
        effect: "A backend that refuses them cannot be used.",
      },
      Repeated: {
        bugType: "request smuggling",
        description: "Provided and Referred hold one ID and occur at most once (TTRP-2.2-04).",
        effect: "A client's own field passes a careless proxy, and the backend believes it.",
      },
      List: {
        bugType: "interoperability",
        description: "Sec-Other-Token-Binding-ID is a list, over one or several lines (A-40).",
        effect: "IDs are lost where something splits or joins lines.",
      },
      Type: {
        bugType: "parsing",
        description: "The type is one or two hexadecimal digits of either case (TTRP-2.1.2-01).",
        effect: "Proxy and backend mean different types.",
      },
      ReservedType: {
        bugType: "policy",
        description: "Provided and referred bindings have fields of their own and are never others.",
        effect: "A second identity for one request.",
      },
      Malformed: {
        bugType: "parsing",
        description: "An element that is not a type, a period and an ID, or a list without any (A-31).",
        effect: "Half of an element is taken for an ID.",
      },
      Encoding: {
        bugType: "parsing",
        description: "The ID is not strict base64url of exactly one ID (TTRP-2.1.1-01).",
        effect: "One ID has many spellings, and each of them may be another identity.",
      },
    },
    keys: { ec: ecJwk(ec), otherEc: ecJwk(otherEc), rsa: rsaJwk(rsa) },
  });
  const valid = (
    field: string,
    comment: string,
    flags: string,
    rows: string,
    lines: string[],
    ids: Listed[],
  ) => {
    const list = ids.map(([type, bytes]) => ({ type, id: base64url(bytes) }));
    group.valid({ comment, flags, requirements: rows }, { field, lines }, { ids: list });
  };
  const invalid = (
    field: string,
    code: string,
    comment: string,
    flags: string,
    rows: string,
    lines: string[],
  ) => {
    group.invalid({ comment, flags, requirements: rows }, { field, lines }, { code });
  };

  for (const [name, type, row] of [
    ["Provided", 0, "TTRP-2.2-01"],
    ["Referred", 1, "TTRP-2.2-02"],
  ] as const) {
    const field = `Sec-${name}-Token-Binding-ID`;
    valid(field, `${name}: absent`, "Ordinary", row, [], []);
    valid(field, `${name}: an ecdsap256 ID`, "Ordinary", `TTRP-2.1.1-01 ${row}`, [a], [[type, id]]);
    valid(field, `${name}: an rsa2048_pss ID`, "Ordinary", `TTRP-2.1.1-01 ${row}`, [c], [[type, rsaId]]);
    valid(field, `${name}: white space around the value`, "Ordinary", row, [` ${a}\t`], [[type, id]]);
    const refuse = (code: string, comment: string, flags: string, ...lines: string[]) => {
      const rows = flags === "Repeated" ? "TTRP-2.2-04" : "TTRP-2.1.1-01";
      invalid(field, code, `${name}: ${comment}`, flags, rows, lines);
    };
    refuse("header_repeated", "two lines", "Repeated", a, a);
    refuse("header_repeated", "two lines with different IDs", "Repeated", a, b);
    refuse("header_repeated", "a list", "Repeated", `${a},${b}`);
    refuse("header_repeated", "a comma after the ID", "Repeated", `${a},`);
    refuse("base64url_character", "padding", "Encoding", `${a}=`);
    refuse("base64url_character", "a type before the ID", "Encoding", `0.${a}`);
    refuse("base64url_character", "quotes", "Encoding", `"${a}"`);
    refuse("base64url_length", "a length that no bytes encode to", "Encoding", `${a}AA`);
    refuse("base64url_unused_bits", "unused bits set", "Encoding", `${a.slice(0, -1)}${nextCharacter(a)}`);
    refuse("trailing_bytes", "a byte after the ID", "Encoding", base64url(concat(id, 0)));
    refuse("truncated", "a byte missing", "Encoding", base64url(id.subarray(0, 67)));
    refuse("truncated", "an empty value", "Encoding", "");
  }

  const field = "Sec-Other-Token-Binding-ID";
  const list = (comment: string, flags: string, rows: string, lines: string[], ids: Listed[]) => {
    valid(field, `Other: ${comment}`, flags, rows, lines, ids);
  };
  list("absent", "Ordinary", "TTRP-2.2-03 A-31", [], []);
  list("one element", "Ordinary", "TTRP-2.2-03", [`4d.${a}`], [[0x4d, id]]);
  list(
    "two elements",
    "Ordinary",
    "TTRP-2.2-03",
    [`4d.${a},B.${b}`],
    [
      [0x4d, id],
      [0x0b, otherId],
    ],
  );
  list(
    "two elements of one type",
    "Ordinary",
    "TTRP-2.2-03",
    [`2.${a},2.${b}`],
    [
      [2, id],
      [2, otherId],
    ],
  );
  list(
    "elements of different kinds of key",
    "Ordinary",
    "TTRP-2.2-03",
    [`2.${a},3.${c}`],
    [
      [2, id],
      [3, rsaId],
    ],
  );
  for (const [text, type] of [
    ["2", 2],
    ["02", 2],
    ["b", 11],
    ["B", 11],
    ["0b", 11],
    ["0B", 11],
    ["4D", 77],
    ["fF", 255],
    ["ff", 255],
  ] as const) {
    list(`the type ${text}`, "Type", "TTRP-2.1.2-01", [`${text}.${a}`], [[type, id]]);
  }
  list(
    "white space around comma and value",
    "List",
    "TTRP-2.2-03",
    [` 4d.${a} ,\tb.${b} `],
    [
      [0x4d, id],
      [0x0b, otherId],
    ],
  );
  list(
    "two lines",
    "List",
    "A-40",
    [`4d.${a}`, `b.${b}`],
    [
      [0x4d, id],
      [0x0b, otherId],
    ],
  );
  list(
    "two lines with lists",
    "List",
    "A-40",
    [`4d.${a},b.${b}`, `2.${c}`],
    [
      [0x4d, id],
      [0x0b, otherId],
      [2, rsaId],
    ],
  );
  list(
    "empty elements, which HTTP skips",
    "List",
    "A-40",
    [`,4d.${a},,b.${b},`],
    [
      [0x4d, id],
      [0x0b, otherId],
    ],
  );
  list("an empty line before another", "List", "A-40", ["", `4d.${a}`], [[0x4d, id]]);
  const unknownKey = tokenBindingId(99, fill(80, 0xa5));
  list(
    "unknown key parameters",
    "Ordinary",
    "TTRP-2.2-03",
    [`4d.${base64url(unknownKey)}`],
    [[0x4d, unknownKey]],
  );

  const refuse = (code: string, comment: string, flags: string, rows: string, ...lines: string[]) => {
    invalid(field, code, `Other: ${comment}`, flags, rows, lines);
  };
  const type = "TTRP-2.1.2-01";
  for (const [comment, text] of [
    ["no type", ""],
    ["three digits", "04d"],
    ["the type 100", "100"],
    ["a digit that is not hexadecimal", "g"],
    ["a prefix 0x", "0x4d"],
    ["a sign", "+2"],
    ["a space after the type", "2 "],
    ["a percent escape", "%32"],
  ] as const) {
    refuse("header_malformed", comment, "Type", type, `${text}.${a}`);
  }
  refuse("header_malformed", "no type and no period", "Malformed", type, a);
  refuse("header_malformed", "a colon instead of the period", "Malformed", "TTRP-2.2-03", `4d:${a}`);
  refuse(
    "header_malformed",
    "a semicolon instead of the comma, before a type",
    "Malformed",
    "TTRP-2.2-03",
    `;4d.${a}`,
  );
  refuse("header_malformed", "a type only", "Malformed", "TTRP-2.2-03", "4d");
  refuse("header_malformed", "an empty value", "Malformed", "A-31", "");
  refuse("header_malformed", "commas only", "Malformed", "A-31", ", ,");
  refuse("header_malformed", "two empty lines", "Malformed", "A-31", "", "");
  refuse("provided_repeated", "the type provided", "ReservedType", "TTRP-2.2-03 A-12", `0.${a}`);
  refuse(
    "provided_repeated",
    "the type provided as two digits",
    "ReservedType",
    "TTRP-2.2-03 A-12",
    `4d.${b},00.${a}`,
  );
  refuse("referred_repeated", "the type referred", "ReservedType", "TTRP-2.2-03 A-13", `1.${a}`);
  refuse("truncated", "a period and no ID", "Encoding", "TTRP-2.1.1-01", "4d.");
  refuse("base64url_character", "two periods", "Encoding", "TTRP-2.1.1-01", `4d..${a}`);
  refuse("base64url_character", "a parameter after the ID", "Encoding", "TTRP-2.1.1-01", `4d.${a};q=1`);
  refuse(
    "base64url_character",
    "padding in the second element",
    "Encoding",
    "TTRP-2.1.1-01",
    `4d.${a},b.${b}=`,
  );
  refuse("base64url_character", "elements joined by a space", "Encoding", "TTRP-2.1.1-01", `4d.${a} b.${b}`);
  refuse(
    "base64url_unused_bits",
    "unused bits set",
    "Encoding",
    "TTRP-2.1.1-01",
    `4d.${a.slice(0, -1)}${nextCharacter(a)}`,
  );
  refuse(
    "trailing_bytes",
    "a byte after the ID",
    "Encoding",
    "TTRP-2.1.1-01",
    `4d.${base64url(concat(id, 0))}`,
  );
  refuse(
    "truncated",
    "a byte missing in the second line",
    "Encoding",
    "TTRP-2.1.1-01",
    `4d.${a}`,
    `b.${base64url(id.subarray(0, 67))}`,
  );
  return group;
}

/** The last character with its lowest unused bit set; IDs of 68 bytes end in a group of two. */
function nextCharacter(text: string): string {
  const characters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  return characters[characters.indexOf(text.at(-1)!) | 1]!;
}
