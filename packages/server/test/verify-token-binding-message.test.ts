import { randomBytes } from "node:crypto";
import { decodeBase64url, encodeBase64url } from "@tokbind/codec";
import { tokenBindingHash } from "@tokbind/crypto";
import { expect, test } from "vitest";
import { KnownKeys } from "../src/known-keys.ts";
import {
  type MessageVerificationOptions,
  type TokenBindingConnection,
  verifyTokenBindingMessage,
} from "../src/verify-token-binding-message.ts";
import { keys, makeBinding, message, opaqueBinding, provided, referred, spoil } from "./support/messages.ts";

const ekm = randomBytes(32);
const ec: TokenBindingConnection = { ekm, keyParameters: "ecdsap256" };
const good = await makeBinding({ type: provided, key: keys.ec, ekm });
const goodReferred = await makeBinding({ type: referred, key: keys.otherEc, ekm });
const unknownType = await makeBinding({ type: 77, key: keys.otherEc, ekm });

function refusal(value: string, connection = ec, options: MessageVerificationOptions = {}): string {
  try {
    verifyTokenBindingMessage(value, connection, options);
  } catch (error) {
    return (error as { code: string }).code;
  }
  return "accepted";
}

test.each([keys.ec, keys.pss, keys.pkcs1])(
  "[TBP-3.2-04] [TBP-4.2-03] [TBP-4.2-09] a $keyParameters message establishes the ID when those parameters were negotiated",
  async (key) => {
    const value = message(await makeBinding({ type: provided, key, ekm }));
    const verified = verifyTokenBindingMessage(value, { ekm, keyParameters: key.keyParameters });
    expect(verified).toEqual({
      provided: {
        id: key.id.bytes,
        tbh: tokenBindingHash(key.id.bytes),
        keyParameters: key.keyParameters,
      },
      others: [],
    });
  },
);

test("[TBP-2-03] [TBP-4.2-03] [TBP-4.2-04] [TBP-7.2-02] [TBN-6.1-01] other parameters than the negotiated ones are refused before any signature is judged", async () => {
  const pss = spoil(await makeBinding({ type: provided, key: keys.pss, ekm }));
  for (const keyParameters of ["ecdsap256", "rsa2048_pkcs1.5"] as const) {
    expect(refusal(message(pss), { ekm, keyParameters })).toBe("key_parameters_mismatch");
  }
});

test("[TBP-3.3-06] [TBH-X-06] a signature over another connection's EKM is refused", async () => {
  const elsewhere = await makeBinding({ type: provided, key: keys.ec, ekm: randomBytes(32) });
  expect(refusal(message(elsewhere))).toBe("signature_invalid");
});

test("[TBP-3.3-06] a signature made for another type is refused", async () => {
  const value = message(await makeBinding({ type: provided, signedType: referred, key: keys.ec, ekm }));
  expect(refusal(value)).toBe("signature_invalid");
});

test("[TBP-4.2-07] [A-01] one bad signature refuses the whole message", () => {
  expect(refusal(message(spoil(good)))).toBe("signature_invalid");
  expect(refusal(message(good, spoil(goodReferred)))).toBe("signature_invalid");
  expect(refusal(message(spoil(good), goodReferred))).toBe("signature_invalid");
});

test("[TBP-4.1-08] [TBP-4.2-05] [TBH-5.4-01] a referred binding may have other parameters than the negotiated ones", async () => {
  const pss = await makeBinding({ type: referred, key: keys.pss, ekm });
  const verified = verifyTokenBindingMessage(message(good, pss), ec);
  expect(verified.referred).toEqual({
    id: keys.pss.id.bytes,
    tbh: tokenBindingHash(keys.pss.id.bytes),
    keyParameters: "rsa2048_pss",
    usable: true,
  });
});

test("[TBP-3-21] bindings come in any order", () => {
  const verified = verifyTokenBindingMessage(message(goodReferred, good), ec);
  expect(verified.provided.id).toEqual(keys.ec.id.bytes);
  expect(verified.referred?.id).toEqual(keys.otherEc.id.bytes);
});

test("[TBH-5.4-03] [A-04] a referred binding of unknown parameters is accepted and unusable", () => {
  const verified = verifyTokenBindingMessage(message(good, opaqueBinding(referred)), ec);
  expect(verified.referred).toMatchObject({ keyParameters: 99, usable: false });
});

test("[TBP-4.2-04] a provided binding of unknown parameters is refused", () => {
  expect(refusal(message(opaqueBinding(provided)))).toBe("key_parameters_mismatch");
});

test("[TBP-3.1-03] [A-03] a binding of unknown type is ignored, whatever its signature", () => {
  for (const other of [unknownType, spoil(unknownType), opaqueBinding(77)]) {
    const verified = verifyTokenBindingMessage(message(good, other), ec);
    expect(verified.provided.id).toEqual(keys.ec.id.bytes);
    expect(verified.referred).toBeUndefined();
    expect(verified.others).toHaveLength(1);
  }
});

test("[A-03] the strict option judges the signatures of unknown types as well", () => {
  const strict = { verifyUnknownTypes: true };
  expect(refusal(message(good, unknownType), ec, strict)).toBe("accepted");
  expect(refusal(message(good, spoil(unknownType)), ec, strict)).toBe("signature_invalid");
  expect(refusal(message(good, opaqueBinding(77)), ec, strict)).toBe("accepted");
});

test("what a message established stays as it was when the next one comes", () => {
  const first = verifyTokenBindingMessage(message(good, opaqueBinding(referred), unknownType), ec);
  const before = structuredClone(first);
  expect(refusal(message(good, goodReferred, spoil(unknownType)))).toBe("accepted");
  expect(refusal("A".repeat(1000))).toBe("length_out_of_range");
  expect(first).toEqual(before);
  expect(first.others[0]!.signature).toEqual(unknownType.signature);
});

test("[TBH-2-09] [A-12] exactly one provided binding", () => {
  expect(refusal(message(goodReferred))).toBe("provided_missing");
  expect(refusal(message(unknownType))).toBe("provided_missing");
  expect(refusal(message(good, good))).toBe("provided_repeated");
});

test("[TBH-2-11] [A-13] at most one referred binding", () => {
  expect(refusal(message(good, goodReferred, goodReferred))).toBe("referred_repeated");
});

test("[TBH-5.3-05] provided and referred may be the same key", async () => {
  const same = await makeBinding({ type: referred, key: keys.ec, ekm });
  const verified = verifyTokenBindingMessage(message(good, same), ec);
  expect(verified.referred?.tbh).toBe(verified.provided.tbh);
});

test("[TBP-3.4-02] [TBP-4.2-08] unknown extensions are ignored and not signed", async () => {
  const extensions = [{ extensionType: 200, extensionData: randomBytes(5) }];
  const extended = await makeBinding({ type: provided, key: keys.ec, ekm, extensions });
  expect(refusal(message(extended))).toBe("accepted");
  expect(refusal(message({ ...extended, extensions: [] }))).toBe("accepted");
});

test("[TBP-4.2-06] a message without any binding is refused", () => {
  expect(refusal("AAA")).toBe("empty_message");
  expect(refusal("")).toBe("empty_message");
});

test("[A-10] white space of HTTP around the value is not part of it; inside it is refused", () => {
  const value = message(good);
  expect(refusal(` \t${value}\t `)).toBe("accepted");
  expect(refusal(`${value.slice(0, 10)} ${value.slice(10)}`)).toBe("base64url_character");
  expect(refusal(`${value}\n`)).toBe("base64url_character");
});

test("white space costs no more than its length", () => {
  // In its square, this would outlast any patience.
  const spaces = " ".repeat(1_000_000);
  expect(refusal(`A${spaces}A`)).toBe("message_too_long");
  expect(refusal(`${spaces}${message(good)}${spaces}`)).toBe("accepted");
});

test("the number of bindings is bounded before any signature is judged", () => {
  const many = Array.from({ length: 400 }, () => spoil(good));
  expect(refusal(message(...many))).toBe("too_many_bindings");
  expect(refusal(message(good, unknownType), ec, { maxTokenBindings: 1 })).toBe("too_many_bindings");
  expect(refusal(message(good), ec, { maxMessageLength: 138 })).toBe("message_too_long");
  expect(refusal(message(good), ec, { maxMessageLength: 139 })).toBe("accepted");
});

test("a key that is known gives the same verdicts as one that is not", () => {
  const knownKeys = new KnownKeys(2);
  for (let round = 0; round < 3; round++) {
    expect(verifyTokenBindingMessage(message(good), ec, {}, knownKeys).provided.id).toEqual(keys.ec.id.bytes);
    expect(() => verifyTokenBindingMessage(message(spoil(good)), ec, {}, knownKeys)).toThrow(
      expect.objectContaining({ code: "signature_invalid" }),
    );
  }
});

test("[TBP-4.2-07] every single bit of a message matters", () => {
  const bytes = decodeBase64url(message(good));
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const mutant = Uint8Array.from(bytes);
    mutant[bit >> 3]! ^= 1 << (bit & 7);
    expect(refusal(encodeBase64url(mutant))).not.toBe("accepted");
  }
});
