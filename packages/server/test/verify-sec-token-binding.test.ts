import { randomBytes } from "node:crypto";
import { decodeBase64url, encodeBase64url, type TokenBinding } from "@tokbind/codec";
import {
  keys,
  makeBinding,
  message,
  opaqueBinding,
  provided,
  referred,
  spoil,
} from "@tokbind/testing/messages";
import { expect, test } from "vitest";
import { type SecTokenBindingOptions, verifySecTokenBinding } from "../src/verify-sec-token-binding.ts";

const ekm = randomBytes(32);
const connection = { ekm, keyParameters: "ecdsap256" } as const;
const good = await makeBinding({ type: provided, key: keys.ec, ekm });
const goodReferred = await makeBinding({ type: referred, key: keys.otherEc, ekm });
const unknownType = await makeBinding({ type: 77, key: keys.otherEc, ekm });

function refusal(lines: string | string[], options: SecTokenBindingOptions = {}): string {
  try {
    verifySecTokenBinding([lines].flat(), connection, options);
  } catch (error) {
    const { code, message, status } = error as { code: string; message: string; status: number };
    expect(status).toBe(400);
    return `${code}: ${message}`;
  }
  return "accepted";
}

test("[TBH-2-09] [A-12] exactly one provided binding, before any signature is verified", () => {
  expect(refusal(message(good))).toBe("accepted");
  expect(refusal(message(spoil(goodReferred)))).toBe(
    "provided_missing: expected one provided binding, got none",
  );
  expect(refusal(message(unknownType))).toMatch(/^provided_missing/);
  expect(refusal(message(good, good))).toMatch(/^provided_repeated/);
});

test("[TBP-4.2-09] what was proven, and no member for what was not", () => {
  const verified = verifySecTokenBinding([message(good)], connection);
  expect(verified?.provided.id).toEqual(keys.ec.id.bytes);
  expect(verified).not.toHaveProperty("referred");
  expect(verifySecTokenBinding([message(goodReferred, good)], connection)).toMatchObject({
    provided: { keyParameters: "ecdsap256" },
    referred: { usable: true },
  });
});

test("no line is no Token Binding; an empty one is a message without a binding", () => {
  expect(verifySecTokenBinding([], connection)).toBeUndefined();
  expect(refusal("")).toMatch(/^empty_message/);
});

test("[TBH-2-05] [A-11] several lines, and one with a comma", () => {
  const value = message(good);
  for (const lines of [[value, value], [value, ""], [`${value},`], [`${value},${value}`]]) {
    expect(refusal(lines)).toBe("header_repeated: Sec-Token-Binding: expected one value, got more");
  }
});

test("[TBP-4.2-06] a message without any binding is refused", () => {
  expect(refusal("AAA")).toMatch(/^empty_message/);
});

test("the number of bindings is bounded before any signature is verified", () => {
  const others = new Array<TokenBinding>(63).fill(spoil(unknownType));
  expect(refusal(message(good, ...others))).toBe("accepted");
  expect(refusal(message(good, unknownType, ...others))).toMatch(/^too_many_bindings/);
  expect(refusal(message(good, unknownType, ...others), { maxTokenBindings: 65 })).toBe("accepted");
  expect(refusal(message(good, unknownType), { maxTokenBindings: 1 })).toMatch(/^too_many_bindings/);
  expect(refusal(message(good), { maxMessageLength: 138 })).toMatch(/^message_too_long/);
  expect(refusal(message(good), { maxMessageLength: 139 })).toBe("accepted");
});

test("[A-03] the strict option is handed on", () => {
  expect(refusal(message(good, spoil(unknownType)), { verifyUnknownTypes: true })).toMatch(
    /^signature_invalid/,
  );
  expect(refusal(message(good, spoil(unknownType)))).toBe("accepted");
});

test("[TBH-5.4-03] [A-04] a referred binding of unknown key parameters is accepted and unusable", () => {
  const verified = verifySecTokenBinding([message(good, opaqueBinding(referred))], connection);
  expect(verified?.referred).toMatchObject({ keyParameters: 99, usable: false });
});

test("[TBP-4.2-07] every single bit of a message matters", () => {
  const bytes = decodeBase64url(message(good));
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const mutant = Uint8Array.from(bytes);
    mutant[bit >> 3]! ^= 1 << (bit & 7);
    expect(refusal(encodeBase64url(mutant))).not.toBe("accepted");
  }
});
