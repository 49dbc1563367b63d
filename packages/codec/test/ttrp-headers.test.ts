import * as fc from "fast-check";
import { expect, test } from "vitest";
import {
  decodeOtherTokenBindingIDs,
  decodeTokenBindingID,
  decodeTokenBindingIDField,
  encodeBase64url,
  encodeOtherTokenBindingIDs,
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
