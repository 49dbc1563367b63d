import { randomBytes } from "node:crypto";
import { decodeBase64url, type TokenBinding } from "@tokbind/codec";
import { expect, test } from "vitest";
import {
  type MessageVerificationOptions,
  verifyTokenBindingMessage,
} from "../src/verify-token-binding-message.ts";
import { keys, makeBinding, message, opaqueBinding, provided, referred, spoil } from "./support/messages.ts";

const ekm = randomBytes(32);
const connection = { ekm, keyParameters: "ecdsap256" } as const;
const good = await makeBinding({ type: provided, key: keys.ec, ekm });
const goodReferred = await makeBinding({ type: referred, key: keys.otherEc, ekm });
const pss = await makeBinding({ type: provided, key: keys.pss, ekm });
const other = await makeBinding({ type: 77, key: keys.otherEc, ekm });

function error(value: string | Uint8Array, options: MessageVerificationOptions = {}): string {
  try {
    verifyTokenBindingMessage(value, connection, options);
  } catch (error) {
    const { code, message } = error as { code: string; message: string };
    return `${code}: ${message}`;
  }
  return "accepted";
}

test.each<[said: string, ...bindings: TokenBinding[]]>([
  [
    "key_parameters_mismatch: provided binding: expected the negotiated key parameters ecdsap256 (2), got rsa2048_pss (1)",
    pss,
  ],
  [
    "key_parameters_mismatch: provided binding: expected the negotiated key parameters ecdsap256 (2), got unregistered 99",
    opaqueBinding(provided),
  ],
  [
    "signature_invalid: provided binding: its ecdsap256 signature does not match its key, type and this connection's EKM",
    spoil(good),
  ],
  ["signature_invalid: referred binding: its ecdsap256 signature does not match", good, spoil(goodReferred)],
  ["signature_invalid: type 77 binding: its ecdsap256 signature does not match", good, spoil(other)],
  ["provided_missing: expected one provided binding, got none", goodReferred],
  ["provided_repeated: expected one provided binding, got more", good, good],
  ["referred_repeated: expected at most one referred binding, got more", good, goodReferred, goodReferred],
])("%s", (said, ...bindings) => {
  expect(error(message(...bindings), { verifyUnknownTypes: true })).toContain(said);
});

test("a message may be given as bytes", () => {
  const bytes = decodeBase64url(message(good));
  expect(error(bytes)).toBe("accepted");
  // Bytes that read as base64url are bytes all the same.
  expect(error(Buffer.from(message(good)))).toMatch(/^(truncated|trailing_bytes)/);
});

test("[TBH-2-09] without a referred binding there is no member for it", () => {
  expect(Object.keys(verifyTokenBindingMessage(message(good), connection))).toEqual(["provided", "others"]);
});

test("[A-10] white space is refused inside even when there is some around", () => {
  const value = message(good);
  for (const inside of [" ", "\t"]) {
    const spaced = `${value.slice(0, 10)}${inside}${value.slice(10)}`;
    for (const around of [` ${spaced}`, `${spaced} `, `\t${spaced}\t`]) {
      expect(error(around)).toMatch(/^base64url_character/);
    }
  }
  for (const around of [`  ${value}`, `${value}\t\t`, `\t ${value} \t`])
    expect(error(around)).toBe("accepted");
});

test("a long run of white space costs no more than one pass", () => {
  const start = performance.now();
  expect(error(` A${" ".repeat(200_000)}A`)).toMatch(/^message_too_long/);
  expect(performance.now() - start).toBeLessThan(1000);
});

test("64 bindings are looked at, unless told otherwise", () => {
  const others = new Array<TokenBinding>(63).fill(other);
  expect(error(message(good, ...others))).toBe("accepted");
  expect(error(message(good, other, ...others))).toMatch(/^too_many_bindings/);
  expect(error(message(good, other, ...others), { maxTokenBindings: 65 })).toBe("accepted");
});

test("a text that is too long for the limit is not even decoded", () => {
  const tooLong = /^message_too_long: .*at most \d+ bytes, got \d+ base64url characters/;
  expect(error("=".repeat(87_384))).toMatch(tooLong);
  expect(error("=".repeat(87_383))).toMatch(/^base64url_character/);
  expect(error("=".repeat(5), { maxMessageLength: 3 })).toMatch(tooLong);
  expect(error("=".repeat(4), { maxMessageLength: 3 })).toMatch(/^base64url_character/);
  // 4 bytes take 6 characters, of which 5 stand for no number of bytes.
  expect(error("=".repeat(6), { maxMessageLength: 4 })).toMatch(/^base64url_character/);
});
