import {
  keyParametersCodes,
  type KeyParameters,
  type TokenBinding,
  type TokenBindingErrorCode,
} from "@tokbind/codec";
import type { VerifiedMessage } from "@tokbind/message";
import { attempt, Finding, type Outcome } from "./check-case.ts";
import { same } from "./bytes.ts";
import { type Established, type Identity, judge, type Refusal } from "./judge.ts";
import { judgeBase64url } from "./judge-base64url.ts";
import { judgeFraming, type Span } from "./judge-framing.ts";
import type { MessageCase } from "./make-case.ts";
import type { CountingVerifier, Work } from "./counting-verifier.ts";
import type { Subject } from "./subject.ts";

/** Which refusal of the judge each code of the subject stands for; other codes must not come up. */
const refusals: Partial<Record<TokenBindingErrorCode, Refusal>> = {
  header_repeated: "repeated",
  base64url_character: "text",
  base64url_length: "text",
  base64url_unused_bits: "text",
  message_too_long: "length",
  too_many_bindings: "count",
  empty_message: "framing",
  truncated: "framing",
  length_out_of_range: "framing",
  trailing_bytes: "framing",
  provided_missing: "set",
  provided_repeated: "set",
  referred_repeated: "set",
  key_parameters_mismatch: "parameters",
  key_invalid: "key",
  invalid_argument: "argument",
  signature_invalid: "signature",
};

/** Decodes and verifies one message, and compares with the judge: verdict, what is established, and work done. */
export function checkMessage(subject: Subject, verifier: CountingVerifier, input: MessageCase): Outcome {
  checkDecoding(subject, input);

  const { message, ekm, keyParameters, options } = input;
  const connection = { ekm, keyParameters };
  verifier.takeWork();
  const answer = attempt(() => {
    if (message instanceof Uint8Array) return subject.verifyMessage(message, connection, options, verifier);
    return subject.verifySecTokenBinding(message, connection, options, verifier)!;
  });
  const work = verifier.takeWork();
  const verdict = judge(input);
  const outcome = compare(answer, verdict);
  checkWork(work, input, verdict);
  return outcome;
}

function compare(
  answer: ReturnType<typeof attempt<VerifiedMessage>>,
  verdict: Established | Refusal,
): Outcome {
  if ("code" in answer) {
    if (typeof verdict !== "string") throw new Finding(`refused with ${answer.code} what the judge accepts`);
    if (refusals[answer.code] !== verdict) {
      throw new Finding(`refused with ${answer.code}, where the judge says: ${verdict}`);
    }
    return answer.code;
  }
  if (typeof verdict === "string") throw new Finding(`ACCEPTED what the judge refuses: ${verdict}`);
  if (!establishesTheSame(answer.value, verdict)) {
    throw new Finding("accepted, but established something else than the judge");
  }
  return "accepted";
}

/** The decoder by itself: the same framing as the judge's, and no binding read beyond the limit. */
function checkDecoding(subject: Subject, { message, options }: MessageCase): void {
  const bytes = message instanceof Uint8Array ? message : judgeBase64url(message[0] ?? "");
  if (bytes === undefined) return;
  const { maxMessageLength = 65537, maxTokenBindings = 64 } = options;
  let begun = 0;
  const observe = (field: string) => {
    if (field === "TokenBinding.tokenbinding_type") begun++;
  };
  const answer = attempt(() => subject.decodeTokenBindingMessage(bytes, { ...options, observe }));
  if (begun > maxTokenBindings) throw new Finding(`began ${begun} bindings, allowed ${maxTokenBindings}`);

  const framing = bytes.length > maxMessageLength ? "length" : judgeFraming(bytes, maxTokenBindings);
  if ("code" in answer) {
    if (typeof framing !== "string")
      throw new Finding(`did not decode (${answer.code}) what the judge decodes`);
    if (refusals[answer.code] !== framing) {
      throw new Finding(`did not decode (${answer.code}), where the judge says: ${framing}`);
    }
    return;
  }
  const { tokenBindings } = answer.value;
  if (typeof framing === "string") throw new Finding(`DECODED what the judge refuses: ${framing}`);
  if (!sameBindings(tokenBindings, framing))
    throw new Finding("decoded to something else than the judge reads");
}

/** Nothing is imported or verified before all cheaper checks have passed, and then no more than two (or four). */
function checkWork(
  { imports, verifications }: Work,
  { options }: MessageCase,
  verdict: Established | Refusal,
) {
  const isReached = typeof verdict !== "string" || ["key", "argument", "signature"].includes(verdict);
  const most = options.verifyUnknownTypes ? 4 : 2;
  const cap = isReached ? most : 0;
  if (imports > cap || verifications > cap) {
    throw new Finding(`${imports} keys and ${verifications} signatures looked at, allowed ${cap}`);
  }
}

function establishesTheSame(verified: VerifiedMessage, { provided, referred, others }: Established): boolean {
  const isUsable = referred && referred.keyParameters <= 2;
  return (
    isIdentity(verified.provided, provided) &&
    isIdentity(verified.referred, referred) &&
    verified.referred?.usable === isUsable &&
    sameBindings(verified.others, others)
  );
}

interface Claimed {
  readonly id: Uint8Array;
  readonly tbh: string;
  readonly keyParameters: KeyParameters | number;
}

function isIdentity(claimed: Claimed | undefined, expected: Identity | undefined): boolean {
  if (claimed === undefined || expected === undefined) return claimed === expected;
  const { id, tbh, keyParameters } = claimed;
  const code = typeof keyParameters === "number" ? keyParameters : keyParametersCodes[keyParameters];
  return same(id, expected.id) && tbh === expected.tbh && code === expected.keyParameters;
}

function sameBindings(bindings: readonly TokenBinding[], spans: readonly Span[]): boolean {
  return bindings.length === spans.length && bindings.every((binding, i) => isSpan(binding, spans[i]!));
}

function isSpan({ type, id, signature, extensions }: TokenBinding, span: Span): boolean {
  return (
    type === span.type &&
    id.keyParameters === span.keyParameters &&
    same(id.bytes, span.id) &&
    same(signature, span.signature) &&
    extensions.length === span.extensions.length &&
    extensions.every(({ extensionType, extensionData }, i) => {
      const [expectedType, expectedData] = span.extensions[i]!;
      return extensionType === expectedType && same(extensionData, expectedData);
    })
  );
}
