import { createHash } from "node:crypto";
import {
  decodeSecTokenBinding,
  decodeTokenBindingMessage,
  keyParametersName,
  TokenBindingError,
  type TokenBindingErrorCode,
  type TokenBindingMessage,
} from "@tokbind/codec";
import type { VerifiedMessage } from "@tokbind/message";
import { expect, test } from "vitest";
import { Fuzzer, type Report } from "../src/fuzz.ts";
import { type Subject, subject } from "../src/subject.ts";

const seed = 8471;
const timeBox = 8000;

/** Fuzzes until something is found or `enough` says so. */
function fuzz(fuzzer: Fuzzer, enough: () => boolean): Report | undefined {
  for (;;) {
    const report = fuzzer.batch();
    if (report !== undefined || enough()) return report;
  }
}

test("[TBP-3-20] [TBP-4.2-07] [A-06] [A-07] [A-08] [A-10] no mutant gets another verdict than that of the judge, or costs more than the limits allow", () => {
  const fuzzer = new Fuzzer(subject, seed);
  const end = performance.now() + timeBox;
  expect(fuzz(fuzzer, () => performance.now() > end)).toBeUndefined();
  const { mutants, outcomes } = fuzzer.progress;
  expect(mutants).toBeGreaterThan(2000);
  // Mutants that all died in one place would show little.
  expect([...outcomes.keys()].sort()).toEqual([
    ...["accepted", "base64url_character", "base64url_length", "base64url_unused_bits", "empty_message"],
    ...[
      "header_repeated",
      "invalid_argument",
      "key_invalid",
      "key_parameters_mismatch",
      "length_out_of_range",
      "message_too_long",
    ],
    ...[
      "provided_missing",
      "provided_repeated",
      "referred_repeated",
      "signature_invalid",
      "too_many_bindings",
    ],
    ...["trailing_bytes", "truncated"],
  ]);
});

test("the same seed makes the same mutants", () => {
  const [one, two, other] = [seed, seed, seed + 1].map((number) => new Fuzzer(subject, number));
  for (const fuzzer of [one!, two!, other!]) for (let i = 0; i < 4; i++) fuzzer.batch();
  expect(two!.progress).toEqual(one!.progress);
  expect(other!.progress).not.toEqual(one!.progress);
});

/** What `run` returns, or what `instead` makes of its refusal with this code. */
function unless<T>(code: TokenBindingErrorCode, run: () => T, instead: () => T): T {
  try {
    return run();
  } catch (error) {
    if (error instanceof TokenBindingError && error.code === code) return instead();
    throw error;
  }
}

/** What a message says of itself. */
function claimed({ tokenBindings }: TokenBindingMessage): VerifiedMessage {
  const [provided, referred] = [0, 1].map((wanted) => {
    const binding = tokenBindings.find(({ type }) => type === wanted);
    if (binding === undefined) return undefined;
    const { bytes: id, keyParameters: code } = binding.id;
    const tbh = createHash("sha256").update(id).digest("base64url");
    const keyParameters = keyParametersName(code);
    return { id, tbh, keyParameters: keyParameters ?? code, usable: keyParameters !== undefined };
  });
  const others = tokenBindings.filter(({ type }) => type > 1);
  return { provided: provided as VerifiedMessage["provided"], referred, others };
}

/** A subject that is wrong about everything. */
const nothing = () => {
  throw new Error("no");
};
const refusing: Subject = {
  decodeBase64url: nothing,
  decodeTokenBindingID: nothing,
  decodeTokenBindingMessage: nothing,
  decodeTokenBindingParameters: nothing,
  verifyMessage: nothing,
  verifySecTokenBinding: nothing,
};

const broken: [what: string, finding: RegExp, part: Partial<Subject>][] = [
  [
    "takes any signature",
    /^ACCEPTED .*signature/,
    {
      verifyMessage: (bytes, connection, limits, verifier) =>
        unless(
          "signature_invalid",
          () => subject.verifyMessage(bytes, connection, limits, verifier),
          () => claimed(decodeTokenBindingMessage(bytes)),
        ),
    },
  ],
  [
    "takes any key parameters",
    /judge (refuses|says): parameters$/,
    {
      verifyMessage: (bytes, connection, ...rest) =>
        unless(
          "key_parameters_mismatch",
          () => subject.verifyMessage(bytes, connection, ...rest),
          () => {
            const provided = decodeTokenBindingMessage(bytes).tokenBindings.find(({ type }) => type === 0)!;
            const keyParameters = keyParametersName(provided.id.keyParameters)!;
            return subject.verifyMessage(bytes, { ...connection, keyParameters }, ...rest);
          },
        ),
    },
  ],
  [
    "remembers a message whatever the connection",
    /^ACCEPTED/,
    {
      verifyMessage: (() => {
        const remembered = new Map<string, VerifiedMessage>();
        return (bytes, ...rest) => {
          const name = Buffer.from(bytes).toString("latin1");
          const verified = remembered.get(name) ?? subject.verifyMessage(bytes, ...rest);
          remembered.set(name, verified);
          return verified;
        };
      })(),
    },
  ],
  [
    "takes what Node takes for base64url",
    /^ACCEPTED .*text$|judge says: text$/,
    {
      verifySecTokenBinding: (lines, ...rest) => {
        if (lines.length > 1 || lines[0]!.includes(",")) return subject.verifySecTokenBinding(lines, ...rest);
        const text = Buffer.from(lines[0]!, "base64url").toString("base64url");
        return subject.verifySecTokenBinding([text], ...rest);
      },
    },
  ],
  [
    "looks at the first of several fields only",
    /judge (refuses|says): repeated$/,
    { verifySecTokenBinding: ([line], ...rest) => subject.verifySecTokenBinding([line!], ...rest) },
  ],
  [
    "looks at the first of several values only",
    /judge (refuses|says): repeated$/,
    {
      verifySecTokenBinding: (lines, ...rest) =>
        subject.verifySecTokenBinding(
          lines.map((line) => line.split(",")[0]!),
          ...rest,
        ),
    },
  ],
  [
    "takes a field without a provided binding",
    /judge (refuses|says): set$/,
    {
      verifySecTokenBinding: (lines, connection, options, verifier) => {
        const message = decodeSecTokenBinding(lines, options)!;
        return verifier!.verify(message, connection) as ReturnType<Subject["verifySecTokenBinding"]>;
      },
    },
  ],
  [
    "verifies bindings of unknown type without end",
    /judge refuses: count$|judge says: count$|looked at, allowed [04]$/,
    {
      verifyMessage: (bytes, connection, limits, verifier) =>
        unless(
          "too_many_bindings",
          () => subject.verifyMessage(bytes, connection, limits, verifier),
          () => {
            const { tokenBindings } = decodeTokenBindingMessage(bytes, limits);
            for (const binding of tokenBindings) verifier.verify({ tokenBindings: [binding] }, connection);
            return claimed({ tokenBindings });
          },
        ),
    },
  ],
  [
    "has a base64url of its own that is lax",
    /^ACCEPTED/,
    { decodeBase64url: (text) => new Uint8Array(Buffer.from(text, "base64url")) },
  ],
  [
    "overlooks a byte after the message",
    /^DECODED .*framing/,
    {
      decodeTokenBindingMessage: (bytes, options) => {
        const end = 2 + bytes[0]! * 256 + bytes[1]!;
        return decodeTokenBindingMessage(bytes.subarray(0, end), options);
      },
    },
  ],
  [
    "has no limits",
    /^began|judge (refuses|says): (count|length)$/,
    { decodeTokenBindingMessage: (bytes) => decodeTokenBindingMessage(bytes) },
  ],
  [
    "works before it checks",
    /signatures looked at, allowed [024]$/,
    {
      verifyMessage: (bytes, connection, limits, verifier) => {
        try {
          subject.verifyMessage(bytes, connection, { ...limits, maxTokenBindings: 1000 }, verifier);
        } catch {
          // The answer is the right one; what it costs is not.
        }
        return subject.verifyMessage(bytes, connection, limits, verifier);
      },
    },
  ],
  [
    "swaps what was proven",
    /established something else/,
    {
      verifySecTokenBinding: (...input) => {
        const verified = subject.verifySecTokenBinding(...input)!;
        const { provided, referred } = verified;
        return { ...verified, provided: { ...provided, tbh: referred?.tbh ?? provided.tbh } };
      },
    },
  ],
  [
    "refuses high S",
    /^refused with signature_invalid/,
    {
      verifyMessage: (bytes, ...rest) => {
        const verified = subject.verifyMessage(bytes, ...rest);
        for (const { signature } of decodeTokenBindingMessage(bytes).tokenBindings) {
          if (signature.length === 64 && signature[32]! >= 0x80) {
            throw new TokenBindingError("signature_invalid", "high S");
          }
        }
        return verified;
      },
    },
  ],
  [
    "throws errors of others",
    /^threw .*RangeError/,
    {
      decodeTokenBindingParameters: (bytes) => ({
        version: { major: 1, minor: 0 },
        keyParametersList: [new DataView(bytes.buffer).getUint8(9)],
      }),
    },
  ],
];

test.each(broken)("a verifier is found out that %s", (_, finding, part) => {
  const wrong = { ...subject, ...part };
  const fuzzer = new Fuzzer(wrong, seed);
  const report = fuzz(fuzzer, () => fuzzer.progress.mutants > 100_000);
  expect(report?.finding).toMatch(finding);
  // Seed and index are all it takes to see the input again.
  expect(new Fuzzer(subject, seed).only(report!.index)).toBeUndefined();
  expect(new Fuzzer(refusing, seed).only(report!.index)?.input).toEqual(report!.input);
});

test("a decoder is found out that never answers", () => {
  const decodeTokenBindingID = () => {
    for (;;);
  };
  const fuzzer = new Fuzzer({ ...subject, decodeTokenBindingID }, seed, 1000);
  expect(fuzz(fuzzer, () => false)?.finding).toBe("no answer within 1000 ms");
});
