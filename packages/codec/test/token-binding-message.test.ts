import fc from "fast-check";
import { expect, test } from "vitest";
import {
  decodeTokenBindingMessage,
  encodeBase64url,
  encodeTokenBindingID,
  encodeTokenBindingMessage,
  type TokenBinding,
  TokenBindingError,
} from "../src/index.ts";

const point = Uint8Array.from({ length: 64 }, (_, i) => i);
const ecId = encodeTokenBindingID(2, { kind: "ec", point });
const rsaId = encodeTokenBindingID(1, {
  kind: "rsa",
  modulus: new Uint8Array(256).fill(0xab),
  publicExponent: Uint8Array.of(1, 0, 1),
});

function binding(fields: Partial<TokenBinding> = {}): TokenBinding {
  return { type: 0, id: ecId, signature: new Uint8Array(64).fill(7), extensions: [], ...fields };
}

const encode = (...tokenBindings: TokenBinding[]) => encodeTokenBindingMessage({ tokenBindings });

/** Frames raw bytes as the content of a message. */
const frame = (content: Uint8Array) => Uint8Array.of(content.length >> 8, content.length, ...content);

function failure(bytes: Uint8Array, options = {}): { code: string; offset: number | undefined } {
  try {
    decodeTokenBindingMessage(bytes, options);
  } catch (error) {
    if (!(error instanceof TokenBindingError)) throw error;
    return { code: error.code, offset: error.offset };
  }
  return { code: "accepted", offset: undefined };
}

function edited(bytes: Uint8Array, edits: Record<number, number>): Uint8Array {
  const copy = Uint8Array.from(bytes);
  for (const [at, value] of Object.entries(edits)) copy[Number(at)] = value;
  return copy;
}

// Offsets of an ecdsap256 message: 2 type, 3 key_parameters, 4 key_length, 6 point length, 7 point, 71 signature
// length, 73 signature, 137 extensions length, 139 end.
const ec = encode(binding());

test("[TBP-3-11] [TBP-3-12] [TBP-3-13] [TBP-3-17] the byte map of an ecdsap256 message", () => {
  const expected = [0, 137, 0, 2, 0, 65, 64, ...point, 0, 64, ...new Uint8Array(64).fill(7), 0, 0];
  expect([...ec]).toEqual(expected);
  const [decoded] = decodeTokenBindingMessage(ec).tokenBindings;
  expect(decoded).toEqual(binding());
  expect(decoded!.id.bytes).toEqual(ec.subarray(3, 71));
});

test("[TBP-3-13] [TBP-3-16] the byte map of an RSA binding", () => {
  const rsa = encode(binding({ id: rsaId, signature: new Uint8Array(256) }));
  expect([...rsa.subarray(2, 8)]).toEqual([0, 1, 0x01, 0x06, 0x01, 0x00]);
  expect([...rsa.subarray(264, 268)]).toEqual([3, 1, 0, 1]);
  expect(decodeTokenBindingMessage(rsa).tokenBindings[0]!.id).toEqual(rsaId);
});

test("[TBP-3-19] the sizes that follow from the format", () => {
  const rsa = binding({ id: rsaId, signature: new Uint8Array(256) });
  const sizes = [ec, encode(binding(), binding()), encode(rsa)].map((bytes) => bytes.length);
  expect(sizes).toEqual([139, 276, 528]);
  const texts = [ec, encode(binding(), binding()), ecId.bytes, rsaId.bytes];
  expect(texts.map((bytes) => encodeBase64url(bytes).length)).toEqual([186, 368, 91, 354]);
  expect([ecId.bytes.length, rsaId.bytes.length]).toEqual([68, 265]);
});

test("[TBP-3-18] [TBP-3.4-01] extensions of unknown type decode", () => {
  const extensions = [
    { extensionType: 9, extensionData: Uint8Array.of(1, 2) },
    { extensionType: 0, extensionData: new Uint8Array() },
  ];
  const bytes = encode(binding({ extensions }));
  expect([...bytes.subarray(137)]).toEqual([0, 8, 9, 0, 2, 1, 2, 0, 0, 0]);
  expect(decodeTokenBindingMessage(bytes).tokenBindings[0]!.extensions).toEqual(extensions);
});

test("[TBP-3.1-04] a binding of unknown type and parameters is skipped by its lengths", () => {
  const bytes = Uint8Array.of(99, 0, 5, 1, 2, 3, 4, 5);
  const id = { keyParameters: 99, publicKey: { kind: "opaque" as const, bytes: bytes.subarray(3) }, bytes };
  const unknown = binding({ type: 200, id, signature: new Uint8Array(100) });
  expect(decodeTokenBindingMessage(encode(unknown, binding())).tokenBindings).toEqual([unknown, binding()]);
});

test("[TBP-3-20] [A-08] any truncation is refused", () => {
  const two = encode(
    binding(),
    binding({ type: 1, extensions: [{ extensionType: 1, extensionData: point }] }),
  );
  for (let length = 3; length < two.length; length++) {
    expect(failure(two.subarray(0, length)).code).toMatch(/^(truncated|length_out_of_range)$/);
    // The same with a length prefix that fits: it must break inside.
    const content = two.subarray(2, length);
    if (content.length !== 137) expect(failure(frame(content)).code).not.toBe("accepted");
  }
});

test("[TBP-3-20] [A-08] bytes after the message are refused", () => {
  expect(failure(Uint8Array.of(...ec, 0))).toEqual({ code: "trailing_bytes", offset: 139 });
  expect(failure(frame(Uint8Array.of(...ec.subarray(2), 0)))).toEqual({ code: "truncated", offset: 140 });
});

test("[TBP-3-20] [A-08] a key_length that disagrees with the key inside is refused", () => {
  expect(failure(edited(ec, { 6: 63 }))).toEqual({ code: "trailing_bytes", offset: 70 });
  expect(failure(edited(ec, { 6: 65 }))).toEqual({ code: "truncated", offset: 7 });
  const rsa = encode(binding({ id: rsaId, signature: new Uint8Array(256) }));
  expect(failure(edited(rsa, { 7: 1 })).code).not.toBe("accepted");
  expect(failure(edited(rsa, { 264: 2 })).code).toBe("trailing_bytes");
  expect(failure(edited(rsa, { 264: 4 })).code).toBe("truncated");
});

test("[TBP-3-16] [TBP-3-17] empty key fields are refused", () => {
  expect(failure(edited(ec, { 6: 0 })).code).toBe("length_out_of_range");
  const rsa = encode(binding({ id: rsaId, signature: new Uint8Array(256) }));
  expect(failure(edited(rsa, { 6: 0, 7: 0 })).code).toBe("length_out_of_range");
  expect(failure(edited(rsa, { 264: 0 })).code).toBe("length_out_of_range");
});

test("[TBP-3-20] [A-06] extensions that do not close are refused", () => {
  const extended = (...content: number[]) =>
    frame(Uint8Array.of(...ec.subarray(2, 137), content.length >> 8, content.length, ...content));
  expect(failure(extended(1, 0, 0)).code).toBe("accepted");
  for (const content of [[1], [1, 0], [1, 0, 1], [1, 0, 0, 2], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]]) {
    expect(failure(extended(...content)).code).toBe("truncated");
  }
});

test("[TBP-3-10] [A-07] the lower bounds 132 and 64 hold, for unknown types too", () => {
  const unknown = (keyLength: number, signatureLength: number) =>
    frame(
      Uint8Array.of(
        ...[77, 99, 0, keyLength, ...new Uint8Array(keyLength)],
        ...[0, signatureLength, ...new Uint8Array(signatureLength), 0, 0],
      ),
    );
  expect(failure(unknown(60, 64)).code).toBe("accepted");
  expect(failure(unknown(59, 64))).toEqual({ code: "length_out_of_range", offset: 0 });
  expect(failure(unknown(61, 63))).toEqual({ code: "length_out_of_range", offset: 67 });
});

test("[TBP-4.2-06] no binding at all has a code of its own", () => {
  for (const bytes of [new Uint8Array(), Uint8Array.of(0, 0)]) {
    expect(failure(bytes).code).toBe("empty_message");
  }
  expect(failure(Uint8Array.of(0)).code).toBe("truncated");
});

test("limits are checked first", () => {
  expect(failure(new Uint8Array(65538)).code).toBe("message_too_long");
  expect(failure(encode(binding(), binding()), { maxTokenBindings: 1 })).toEqual({
    code: "too_many_bindings",
    offset: 139,
  });
});

test("[TBP-4.1-01] the encoder refuses what the format can't hold", () => {
  const refused = (make: () => unknown) => {
    expect(make).toThrow(expect.objectContaining({ code: "invalid_argument" }) as Error);
  };
  refused(() => encode());
  refused(() => encode(binding({ signature: new Uint8Array(63) })));
  refused(() => encode(binding({ type: 256 })));
  refused(() => encode(binding({ signature: new Uint8Array(65535) })));
  refused(() => encodeTokenBindingID(2, { kind: "ec", point: new Uint8Array(256) }));
  refused(() => encodeTokenBindingID(2, { kind: "opaque", bytes: point }));
  refused(() => encodeTokenBindingID(0, { kind: "ec", point }));
  refused(() => encodeTokenBindingID(3, { kind: "ec", point }));
});

test("the observer hears of every byte once and in order, up to the one that breaks", () => {
  const cover = (bytes: Uint8Array) => {
    let at = 0;
    const observe = (_: string, start: number, end: number) => {
      expect(start).toBe(at);
      at = end;
    };
    const { offset } = failure(bytes, { observe });
    return offset ?? at;
  };
  const rsa = encode(
    binding({ id: rsaId, extensions: [{ extensionType: 5, extensionData: point }] }),
    binding(),
  );
  expect(cover(rsa)).toBe(rsa.length);
  expect(cover(edited(ec, { 6: 65 }))).toBe(7);
});

const arbitraryBinding: fc.Arbitrary<TokenBinding> = fc.record({
  type: fc.nat(255),
  id: fc.oneof(
    fc
      .uint8Array({ minLength: 1, maxLength: 255 })
      .map((bytes) => encodeTokenBindingID(2, { kind: "ec", point: bytes })),
    fc
      .tuple(fc.nat(1), fc.uint8Array({ minLength: 1 }), fc.uint8Array({ minLength: 1, maxLength: 255 }))
      .map(([code, modulus, publicExponent]) =>
        encodeTokenBindingID(code, { kind: "rsa", modulus, publicExponent }),
      ),
    fc
      .tuple(fc.integer({ min: 3, max: 255 }), fc.uint8Array())
      .map(([code, bytes]) => encodeTokenBindingID(code, { kind: "opaque", bytes })),
  ),
  signature: fc.uint8Array({ minLength: 64, maxLength: 300 }),
  extensions: fc.array(fc.record({ extensionType: fc.nat(255), extensionData: fc.uint8Array() }), {
    maxLength: 3,
  }),
});

test("[TBP-3-14] [TBP-3-15] [TBP-3-21] whatever encodes decodes to the same", () => {
  fc.assert(
    fc.property(fc.array(arbitraryBinding, { minLength: 2, maxLength: 5 }), (tokenBindings) => {
      expect(decodeTokenBindingMessage(encode(...tokenBindings))).toEqual({ tokenBindings });
    }),
  );
});

test("[TBP-3-20] whatever decodes encodes to the same bytes, and nothing but a TokenBindingError is thrown", () => {
  const mutation = fc.tuple(fc.nat(400), fc.nat(255));
  fc.assert(
    fc.property(
      fc.array(arbitraryBinding, { minLength: 2, maxLength: 2 }),
      mutation,
      (bindings, [at, value]) => {
        const bytes = encode(...bindings);
        bytes[at % bytes.length] = value;
        if (failure(bytes).code !== "accepted") return;
        expect(encodeTokenBindingMessage(decodeTokenBindingMessage(bytes))).toEqual(bytes);
      },
    ),
    { numRuns: 2000 },
  );
});
