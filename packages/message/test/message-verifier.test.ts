import { randomBytes } from "node:crypto";
import type { TokenBinding } from "@tokbind/codec";
import { tokenBindingHash } from "@tokbind/crypto";
import { keys, makeBinding, opaqueBinding, provided, referred, spoil } from "@tokbind/testing/messages";
import { expect, test } from "vitest";
import { MessageVerifier, type MessageVerifierOptions, type TokenBindingConnection } from "../src/index.ts";

const ekm = randomBytes(32);
const ec: TokenBindingConnection = { ekm, keyParameters: "ecdsap256" };
const good = await makeBinding({ type: provided, key: keys.ec, ekm });
const goodReferred = await makeBinding({ type: referred, key: keys.otherEc, ekm });
const unknownType = await makeBinding({ type: 77, key: keys.otherEc, ekm });

const verify = (...tokenBindings: TokenBinding[]) => new MessageVerifier().verify({ tokenBindings }, ec);

function refusal(
  tokenBindings: TokenBinding[],
  connection = ec,
  options: MessageVerifierOptions = {},
): string {
  try {
    new MessageVerifier(options).verify({ tokenBindings }, connection);
  } catch (error) {
    return (error as { code: string }).code;
  }
  return "accepted";
}

test.each([keys.ec, keys.pss, keys.pkcs1])(
  "[TBP-3.2-04] [TBP-4.2-03] [TBP-4.2-09] a $keyParameters message establishes the ID when those parameters were negotiated",
  async (key) => {
    const tokenBindings = [await makeBinding({ type: provided, key, ekm })];
    const verified = new MessageVerifier().verify(
      { tokenBindings },
      { ekm, keyParameters: key.keyParameters },
    );
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

test("[TBP-2-03] [TBP-4.2-03] [TBP-4.2-04] [TBP-7.2-02] [TBN-6.1-01] other parameters than the negotiated ones are refused before any signature is verified", async () => {
  const pss = spoil(await makeBinding({ type: provided, key: keys.pss, ekm }));
  for (const keyParameters of ["ecdsap256", "rsa2048_pkcs1.5"] as const) {
    expect(refusal([pss], { ekm, keyParameters })).toBe("key_parameters_mismatch");
  }
});

test("[TBP-3.3-06] [TBH-X-06] a signature over another connection's EKM is refused", async () => {
  const elsewhere = await makeBinding({ type: provided, key: keys.ec, ekm: randomBytes(32) });
  expect(refusal([elsewhere])).toBe("signature_invalid");
});

test("[TBP-3.3-06] a signature made for another type is refused", async () => {
  const value = await makeBinding({ type: provided, signedType: referred, key: keys.ec, ekm });
  expect(refusal([value])).toBe("signature_invalid");
});

test("[TBP-4.2-07] [A-01] one bad signature refuses the whole message", () => {
  expect(refusal([spoil(good)])).toBe("signature_invalid");
  expect(refusal([good, spoil(goodReferred)])).toBe("signature_invalid");
  expect(refusal([spoil(good), goodReferred])).toBe("signature_invalid");
});

test("[TBP-4.1-08] [TBP-4.2-05] [TBH-5.4-01] a referred binding may have other parameters than the negotiated ones", async () => {
  const pss = await makeBinding({ type: referred, key: keys.pss, ekm });
  const verified = verify(good, pss);
  expect(verified.referred).toEqual({
    id: keys.pss.id.bytes,
    tbh: tokenBindingHash(keys.pss.id.bytes),
    keyParameters: "rsa2048_pss",
    usable: true,
  });
});

test("[TBP-3-21] bindings come in any order", () => {
  const verified = verify(goodReferred, good);
  expect(verified.provided?.id).toEqual(keys.ec.id.bytes);
  expect(verified.referred?.id).toEqual(keys.otherEc.id.bytes);
});

test("[TBH-5.4-03] [A-04] a referred binding of unknown parameters is accepted and unusable", () => {
  const verified = verify(good, opaqueBinding(referred));
  expect(verified.referred).toMatchObject({ keyParameters: 99, usable: false });
});

test("[TBP-4.2-04] a provided binding of unknown parameters is refused", () => {
  expect(refusal([opaqueBinding(provided)])).toBe("key_parameters_mismatch");
});

test("[TBP-3.1-03] [A-03] a binding of unknown type is ignored, whatever its signature", () => {
  for (const other of [unknownType, spoil(unknownType), opaqueBinding(77)]) {
    const verified = verify(good, other);
    expect(verified.provided?.id).toEqual(keys.ec.id.bytes);
    expect(verified.referred).toBeUndefined();
    expect(verified.others).toHaveLength(1);
  }
});

test("[A-03] the strict option verifies the signatures of unknown types as well", () => {
  const strict = { verifyUnknownTypes: true };
  expect(refusal([good, unknownType], ec, strict)).toBe("accepted");
  expect(refusal([good, spoil(unknownType)], ec, strict)).toBe("signature_invalid");
  expect(refusal([good, opaqueBinding(77)], ec, strict)).toBe("accepted");
});

test("[A-03] [A-43] no more than two signatures of unknown types are verified, and a third is refused before any is", () => {
  const strict = { verifyUnknownTypes: true };
  expect(refusal([good, unknownType, unknownType], ec, strict)).toBe("accepted");
  expect(refusal([good, unknownType, opaqueBinding(77), unknownType, opaqueBinding(5)], ec, strict)).toBe(
    "accepted",
  );
  expect(refusal([spoil(good), unknownType, unknownType, unknownType], ec, strict)).toBe("too_many_bindings");
  expect(refusal([good, ...Array<TokenBinding>(62).fill(unknownType)])).toBe("accepted");
});

test("[A-12] any set of bindings is verified; how many are provided is a using protocol's rule", () => {
  expect(verify(goodReferred)).toMatchObject({ referred: { usable: true }, others: [] });
  expect(verify(goodReferred)).not.toHaveProperty("provided");
  expect(verify(good)).not.toHaveProperty("referred");
  expect(verify(unknownType)).toEqual({ others: [unknownType] });
  expect(refusal([spoil(goodReferred)])).toBe("signature_invalid");
  expect(refusal([good, good])).toBe("provided_repeated");
});

test("[TBH-2-11] [A-13] at most one referred binding", () => {
  expect(refusal([good, goodReferred, goodReferred])).toBe("referred_repeated");
});

test("[TBH-5.3-05] provided and referred may be the same key", async () => {
  const same = await makeBinding({ type: referred, key: keys.ec, ekm });
  const verified = verify(good, same);
  expect(verified.referred?.tbh).toBe(verified.provided?.tbh);
});

test("[TBP-3.4-02] [TBP-4.2-08] unknown extensions are ignored and not signed", async () => {
  const extensions = [{ extensionType: 200, extensionData: randomBytes(5) }];
  const extended = await makeBinding({ type: provided, key: keys.ec, ekm, extensions });
  expect(refusal([extended])).toBe("accepted");
  expect(refusal([{ ...extended, extensions: [] }])).toBe("accepted");
});

test("what is established is shared by all requests of a client, so nobody can write to it", () => {
  const verifier = new MessageVerifier();
  const tokenBindings = [good, goodReferred];
  const first = verifier.verify({ tokenBindings }, ec);
  for (const part of [first, first.provided, first.referred, first.others])
    expect(Object.isFrozen(part)).toBe(true);
  first.provided!.id.fill(0);
  first.referred!.id.fill(0);
  good.id.bytes.slice().fill(0);
  for (const verified of [first, verifier.verify({ tokenBindings }, ec)]) {
    expect(verified.provided!.id).toEqual(keys.ec.id.bytes);
    expect(verified.referred!.id).toEqual(keys.otherEc.id.bytes);
    expect({ ...verified.provided }).toMatchObject({ id: keys.ec.id.bytes });
  }
});

test("an identity outlives the memory that its message came in", () => {
  const verifier = new MessageVerifier();
  const bytes = Uint8Array.from(good.id.bytes);
  const opaque = opaqueBinding(referred);
  const verified = verifier.verify({ tokenBindings: [{ ...good, id: { ...good.id, bytes } }, opaque] }, ec);
  bytes.fill(0);
  const before = opaque.id.bytes.slice();
  opaque.id.bytes.fill(0);
  expect(verified.provided?.id).toEqual(keys.ec.id.bytes);
  expect(verified.referred?.id).toEqual(before);
  expect(refusal([good])).toBe("accepted");
  expect(verifier.verify({ tokenBindings: [good] }, ec).provided).toBe(verified.provided);
});

test("a key that is known gives the same verdicts as one that is not", () => {
  const verifier = new MessageVerifier({ maxKnownKeys: 2 });
  const refused = expect.objectContaining({ code: "signature_invalid" }) as Error;
  for (let round = 0; round < 3; round++) {
    expect(() => verifier.verify({ tokenBindings: [spoil(good)] }, ec)).toThrow(refused);
    const { provided } = verifier.verify({ tokenBindings: [good] }, ec);
    expect(provided?.id).toEqual(keys.ec.id.bytes);
  }
});

test.each<[said: string, ...bindings: TokenBinding[]]>([
  [
    "key_parameters_mismatch: provided binding: expected the negotiated key parameters ecdsap256 (2), got rsa2048_pss (1)",
    await makeBinding({ type: provided, key: keys.pss, ekm }),
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
  ["signature_invalid: type 77 binding: its ecdsap256 signature does not match", good, spoil(unknownType)],
  [
    "too_many_bindings: expected at most 2 bindings of unknown type to verify, got 3",
    good,
    unknownType,
    unknownType,
    unknownType,
  ],
  ["provided_repeated: expected one provided binding, got more", good, good],
  ["referred_repeated: expected at most one referred binding, got more", goodReferred, goodReferred],
])("%s", (said, ...tokenBindings) => {
  const verifier = new MessageVerifier({ verifyUnknownTypes: true });
  const error = (() => {
    try {
      return verifier.verify({ tokenBindings }, ec);
    } catch (thrown) {
      const { code, message } = thrown as { code: string; message: string };
      return `${code}: ${message}`;
    }
  })();
  expect(error).toContain(said);
});

test.each([
  { maxKnownKeys: 0 },
  { maxKnownKeys: NaN },
  { maxKnownKeys: "10" },
  { verifyUnknownTypes: "no" },
  { strict: true },
])("impossible options are refused at once: %o", (options) => {
  const refuse = () => new MessageVerifier(options as object);
  expect(refuse).toThrow(expect.objectContaining({ code: "invalid_argument" }) as Error);
  expect(refuse).toThrow(/^MessageVerifier: /);
});

test("an EKM of another length is the caller's mistake", () => {
  expect(refusal([good], { ...ec, ekm: ekm.subarray(1) })).toBe("invalid_argument");
});
