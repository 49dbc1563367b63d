import { decodeTokenBindingMessage, type KeyParameters, TokenBindingError } from "@tokbind/codec";
import { KnownKeys, verifyTokenBindingMessage } from "@tokbind/server";
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

type Judge = (data: Uint8Array, signature: Uint8Array, verdict: boolean) => boolean;

/** Keys that judge signatures in a way of their own. */
class OtherKeys extends KnownKeys {
  readonly #judge: Judge;

  constructor(judge: Judge) {
    super(16);
    this.#judge = judge;
  }

  override get(id: Parameters<KnownKeys["get"]>[0]): ReturnType<KnownKeys["get"]> {
    const known = super.get(id);
    const { publicKey } = known;
    const verify = (data: Uint8Array, signature: Uint8Array) =>
      this.#judge(data, signature, publicKey.verify(data, signature));
    return { ...known, publicKey: { ...publicKey, verify } };
  }
}

const trustingKeys = new OtherKeys(() => true);
const lowSKeys = new OtherKeys(
  (_, signature, good) => good && (signature.length !== 64 || signature[32]! < 0x80),
);

/** A subject that is wrong about everything. */
const nothing = () => {
  throw new Error("no");
};
const refusing: Subject = {
  decodeBase64url: nothing,
  decodeTokenBindingID: nothing,
  decodeTokenBindingMessage: nothing,
  decodeTokenBindingParameters: nothing,
  verifyTokenBindingMessage: nothing,
};

const broken: [what: string, finding: RegExp, part: Partial<Subject>][] = [
  [
    "takes any signature",
    /^ACCEPTED .*signature/,
    {
      verifyTokenBindingMessage: (message, connection, options) =>
        verifyTokenBindingMessage(message, connection, options, trustingKeys),
    },
  ],
  [
    "takes any key parameters",
    /^ACCEPTED .*parameters/,
    {
      verifyTokenBindingMessage: (message, connection, options) => {
        const attempt = (keyParameters: KeyParameters) => {
          try {
            return verifyTokenBindingMessage(message, { ...connection, keyParameters }, options);
          } catch (error) {
            return error as TokenBindingError;
          }
        };
        const names = [connection.keyParameters, "rsa2048_pkcs1.5", "rsa2048_pss", "ecdsap256"] as const;
        const answers = names.map(attempt);
        for (const answer of answers) if (!(answer instanceof TokenBindingError)) return answer;
        throw answers[0] as TokenBindingError;
      },
    },
  ],
  [
    "remembers a message whatever the connection",
    /^ACCEPTED/,
    {
      verifyTokenBindingMessage: (() => {
        const remembered = new Map<string, ReturnType<typeof verifyTokenBindingMessage>>();
        return (message, ...rest) => {
          const name = Buffer.from(message).toString("latin1");
          const verified = remembered.get(name) ?? verifyTokenBindingMessage(message, ...rest);
          remembered.set(name, verified);
          return verified;
        };
      })(),
    },
  ],
  [
    "takes what Node takes for base64url",
    /judge (refuses|says): text$/,
    {
      verifyTokenBindingMessage: (message, ...rest) =>
        verifyTokenBindingMessage(
          typeof message === "string" ? Buffer.from(message, "base64url") : message,
          ...rest,
        ),
    },
  ],
  [
    "has a base64url of its own that is lax",
    /^ACCEPTED/,
    { decodeBase64url: (text) => new Uint8Array(Buffer.from(text, "base64url")) },
  ],
  [
    "overlooks a byte behind the message",
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
    /signatures looked at, allowed [02]$/,
    {
      verifyTokenBindingMessage: (message, connection, options, knownKeys) => {
        try {
          verifyTokenBindingMessage(message, connection, { ...options, maxTokenBindings: 1000 }, knownKeys);
        } catch {
          // The answer is the right one; what it costs is not.
        }
        return verifyTokenBindingMessage(message, connection, options, knownKeys);
      },
    },
  ],
  [
    "swaps what was proven",
    /established something else/,
    {
      verifyTokenBindingMessage: (...input) => {
        const verified = verifyTokenBindingMessage(...input);
        const { provided, referred } = verified;
        return { ...verified, provided: { ...provided, tbh: referred?.tbh ?? provided.tbh } };
      },
    },
  ],
  [
    "refuses high S",
    /^refused with signature_invalid/,
    {
      verifyTokenBindingMessage: (message, connection, options) =>
        verifyTokenBindingMessage(message, connection, options, lowSKeys),
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
