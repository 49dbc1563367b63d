import fc from "fast-check";
import { expect, test } from "vitest";
import { decodeBase64url, encodeBase64url } from "../src/index.ts";

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

function refusal(text: string): string {
  try {
    decodeBase64url(text);
  } catch (error) {
    return (error as { code: string }).code;
  }
  return "accepted";
}

test("[TBH-2-04] encodes as base64url without padding, and decodes its own encoding", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => {
      const text = encodeBase64url(bytes);
      expect(text).toBe(Buffer.from(bytes).toString("base64url"));
      expect(decodeBase64url(text)).toEqual(bytes);
    }),
  );
});

test("[A-10] every text that decodes is the one encoding of its bytes", () => {
  const character = fc.constantFrom(...Array.from(alphabet), "=", "+", "/", " ", ".", "\n", "é", "\u{1f511}");
  fc.assert(
    fc.property(fc.array(character, { maxLength: 12 }), (characters) => {
      const text = characters.join("");
      if (refusal(text) === "accepted") expect(encodeBase64url(decodeBase64url(text))).toBe(text);
    }),
    { numRuns: 2000 },
  );
});

test("[TBH-2-04] [A-10] any character outside the alphabet is refused, wherever it stands", () => {
  for (let code = 0; code < 0x180; code++) {
    const character = String.fromCharCode(code);
    if (alphabet.includes(character)) continue;
    const groups = [0, 1, 2, 3].map((at) => `${"A".repeat(at)}${character}${"A".repeat(3 - at)}`);
    for (const text of [...groups, `AAAA${character}A`, `AAAAAA${character}`]) {
      expect(refusal(text)).toBe("base64url_character");
    }
  }
});

test("[A-10] impossible lengths and set unused bits are refused", () => {
  expect(["A", "AAAAA"].map(refusal)).toEqual(["base64url_length", "base64url_length"]);
  for (const [i, character] of Array.from(alphabet).entries()) {
    expect(refusal(`A${character}`)).toBe(i % 16 === 0 ? "accepted" : "base64url_unused_bits");
    expect(refusal(`AA${character}`)).toBe(i % 4 === 0 ? "accepted" : "base64url_unused_bits");
  }
});

test("every call has bytes of its own", () => {
  const bytes = decodeBase64url("AQIDBAU");
  expect(decodeBase64url("BQQDAgE")).not.toBe(bytes);
  expect([...bytes]).toEqual([1, 2, 3, 4, 5]);
  expect(bytes.buffer.byteLength).toBe(5);
});

test("errors say where", () => {
  expect(() => decodeBase64url("AAAAA=")).toThrow(expect.objectContaining({ offset: 5 }) as Error);
  expect(() => decodeBase64url("AAAA=AAA")).toThrow("U+003D at character 4");
});
