import * as fc from "fast-check";
import { expect, test } from "vitest";
import {
  decodeOtherTokenBindingIDs,
  decodeSecTokenBinding,
  decodeTokenBindingID,
  decodeTokenBindingIDField,
  encodeBase64url,
  encodeOtherTokenBindingIDs,
  encodeTokenBindingMessage,
  secOtherTokenBindingId,
  secProvidedTokenBindingId,
  secReferredTokenBindingId,
  TokenBindingError,
} from "../src/index.ts";

const id = (fill: number) =>
  decodeTokenBindingID(Uint8Array.of(2, 0, 65, 64, ...Array<number>(64).fill(fill)));
const encoded = (fill: number) => encodeBase64url(id(fill).bytes);

function code(decode: () => unknown): string {
  try {
    decode();
  } catch (error) {
    if (error instanceof TokenBindingError) return error.code;
    throw error;
  }
  return "accepted";
}

test("[TTRP-2.2-01] [TTRP-2.2-02] [TTRP-2.2-03] the names of the three fields", () => {
  expect([secProvidedTokenBindingId, secReferredTokenBindingId, secOtherTokenBindingId]).toEqual([
    "Sec-Provided-Token-Binding-ID",
    "Sec-Referred-Token-Binding-ID",
    "Sec-Other-Token-Binding-ID",
  ]);
});

test("[TTRP-2.1.1-01] one ID, with optional white space around it only", () => {
  expect(decodeTokenBindingIDField([encoded(7)])).toEqual(id(7));
  expect(decodeTokenBindingIDField([`\t ${encoded(7)} \t `])).toEqual(id(7));
  expect(decodeTokenBindingIDField([])).toBeUndefined();
});

test.each([
  ["padding", `${encoded(7)}=`, "base64url_character"],
  ["a space inside", encoded(7).replace(/^.{9}/, "$& "), "base64url_character"],
  ["a quoted string", `"${encoded(7)}"`, "base64url_character"],
  ["one character more", `${encoded(7)}AA`, "base64url_length"],
  ["set unused bits", encoded(7).replace(/.$/, "d"), "base64url_unused_bits"],
  ["a byte more", encodeBase64url(Uint8Array.of(...id(7).bytes, 0)), "trailing_bytes"],
  ["a byte less", encodeBase64url(id(7).bytes.subarray(0, -1)), "truncated"],
  ["no point", "AgABAA", "length_out_of_range"],
  ["nothing", "", "truncated"],
])("[TTRP-2.1.1-01] refused: %s", (_name, value, expected) => {
  expect(code(() => decodeTokenBindingIDField([value]))).toBe(expected);
  expect(code(() => decodeOtherTokenBindingIDs([`2.${value}`]))).toBe(expected);
});

test("[TTRP-2.2-04] refused: two lines, and a list", () => {
  expect(code(() => decodeTokenBindingIDField([encoded(7), encoded(7)]))).toBe("header_repeated");
  expect(code(() => decodeTokenBindingIDField([`${encoded(7)},${encoded(7)}`]))).toBe("header_repeated");
  expect(code(() => decodeTokenBindingIDField([`${encoded(7)},`]))).toBe("header_repeated");
});

test("[TTRP-2.1.2-01] a type is one or two hex digits of either case", () => {
  const types = ["2", "02", "b", "B", "0b", "4d", "4D", "fF"];
  const others = decodeOtherTokenBindingIDs([types.map((type) => `${type}.${encoded(7)}`).join(",")]);
  expect(others.map(({ type }) => type)).toEqual([2, 2, 11, 11, 11, 0x4d, 0x4d, 0xff]);
  for (const type of ["", "002", "100", "g", "0x4d", "-2", "+2", " ", "2 "]) {
    expect(code(() => decodeOtherTokenBindingIDs([`${type}.${encoded(7)}`]))).toBe("header_malformed");
  }
});

test("[TTRP-2.2-03] [A-40] a list over several lines, with white space and empty elements", () => {
  const lines = [` 4d.${encoded(1)} ,\tB.${encoded(2)}`, "", `,, 2.${encoded(3)},`];
  expect(decodeOtherTokenBindingIDs(lines)).toEqual([
    { type: 0x4d, id: id(1) },
    { type: 0x0b, id: id(2) },
    { type: 2, id: id(3) },
  ]);
  expect(decodeOtherTokenBindingIDs([])).toEqual([]);
});

test("[A-31] no list without an element", () => {
  for (const lines of [[""], [" "], [","], ["", ", ,"]]) {
    expect(code(() => decodeOtherTokenBindingIDs(lines))).toBe("header_malformed");
  }
  expect(code(() => encodeOtherTokenBindingIDs([]))).toBe("invalid_argument");
});

test("[TTRP-2.2-03] refused: an element without a type or of a type that has a field of its own", () => {
  expect(code(() => decodeOtherTokenBindingIDs([encoded(7)]))).toBe("header_malformed");
  expect(code(() => decodeOtherTokenBindingIDs([`4d:${encoded(7)}`]))).toBe("header_malformed");
  expect(code(() => decodeOtherTokenBindingIDs([`4d.${encoded(7)};x=1`]))).toBe("base64url_character");
  expect(code(() => decodeOtherTokenBindingIDs([`0.${encoded(7)}`]))).toBe("provided_repeated");
  expect(code(() => decodeOtherTokenBindingIDs([`01.${encoded(7)}`]))).toBe("referred_repeated");
  for (const type of [0, 1, 256, 2.5, -1]) {
    expect(code(() => encodeOtherTokenBindingIDs([{ type, id: id(7) }]))).toBe("invalid_argument");
  }
});

test("[TTRP-2.2-03] [A-40] what is encoded decodes again, as one line", () => {
  const other = fc.record({ type: fc.integer({ min: 2, max: 255 }), id: fc.nat(255).map(id) });
  fc.assert(
    fc.property(fc.array(other, { minLength: 1, maxLength: 5 }), (others) => {
      expect(decodeOtherTokenBindingIDs([encodeOtherTokenBindingIDs(others)])).toEqual(others);
    }),
  );
});

const message = {
  tokenBindings: [{ type: 0, id: id(7), signature: new Uint8Array(64).fill(5), extensions: [] }],
};
const field = encodeBase64url(encodeTokenBindingMessage(message));

test("[TBH-2-04] one line is one message", () => {
  expect(decodeSecTokenBinding([field])).toEqual(message);
  expect(decodeSecTokenBinding([])).toBeUndefined();
});

test("[TBH-2-05] [A-11] refused: a second line, whatever is in it, and what may be two lines in one", () => {
  for (const lines of [
    [field, field],
    [field, ""],
    ["", field],
    [`${field},${field}`],
    [`${field}, ${field}`],
    [`${field},`],
    [`,${field}`],
    [","],
    ["=".repeat(100_000), "="],
  ]) {
    expect(code(() => decodeSecTokenBinding(lines))).toBe("header_repeated");
  }
});

test("[A-10] white space is allowed around the value and refused inside, also when there is some around", () => {
  for (const around of [`  ${field}`, `${field}\t\t`, `\t ${field} \t`]) {
    expect(decodeSecTokenBinding([around])).toEqual(message);
  }
  for (const inside of [" ", "\t"]) {
    const spaced = `${field.slice(0, 10)}${inside}${field.slice(10)}`;
    for (const around of [` ${spaced}`, `${spaced} `, `\t${spaced}\t`]) {
      expect(code(() => decodeSecTokenBinding([around]))).toBe("base64url_character");
    }
  }
  for (const other of ["\r", "\n", "\f", "\v", "\u00a0", "\ufeff"]) {
    expect(code(() => decodeSecTokenBinding([`${other}${field}`]))).toBe("base64url_character");
  }
});

test("a long run of white space costs one pass: a second one inside each would not end before the test does", () => {
  expect(code(() => decodeSecTokenBinding([` A${" ".repeat(4_000_000)}A`]))).toBe("message_too_long");
});

test("a value that is too long for the limit is not even decoded", () => {
  const refusal = (value: string, maxMessageLength?: number) =>
    code(() => decodeSecTokenBinding([value], { maxMessageLength }));
  expect(refusal("=".repeat(87_384))).toBe("message_too_long");
  expect(refusal("=".repeat(87_383))).toBe("base64url_character");
  expect(refusal("=".repeat(5), 3)).toBe("message_too_long");
  expect(refusal("=".repeat(4), 3)).toBe("base64url_character");
  // 4 bytes take 6 characters, of which 5 stand for no number of bytes.
  expect(refusal("=".repeat(6), 4)).toBe("base64url_character");
  expect(refusal(field, 138)).toBe("message_too_long");
  expect(code(() => decodeSecTokenBinding([field], { maxTokenBindings: 0 }))).toBe("too_many_bindings");
});
