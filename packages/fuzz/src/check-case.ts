import { TokenBindingError, type TokenBindingErrorCode } from "@tokbind/codec";
import { checkMessage } from "./check-message.ts";
import { same } from "./bytes.ts";
import { judgeBase64url, writeBase64url } from "./judge-base64url.ts";
import { isId } from "./judge-framing.ts";
import type { Case, SmallCase } from "./make-case.ts";
import type { Subject } from "./subject.ts";
import type { CountingVerifier } from "./counting-verifier.ts";

/** How the subject answered, for the statistics. */
export type Outcome = "accepted" | TokenBindingErrorCode;

/** Something that must not be: what, in one sentence. */
export class Finding extends Error {
  override readonly name = "Finding";
}

/** Where the work of a case is counted, by whether bindings of unknown type are verified. */
export type Verifiers = (verifyUnknownTypes: boolean) => CountingVerifier;

/**
 * Puts one case to the subject and to the judge.
 *
 * @throws Finding when they disagree, and for anything thrown that is not a TokenBindingError
 */
export function checkCase(subject: Subject, verifiers: Verifiers, input: Case): Outcome {
  if (input.kind !== "message") return checkSmall(subject, input);
  return checkMessage(subject, verifiers(input.options.verifyUnknownTypes ?? false), input);
}

/** The result of a call, or the code of the TokenBindingError that it threw. */
export function attempt<T>(call: () => T): { value: T } | { code: TokenBindingErrorCode } {
  try {
    return { value: call() };
  } catch (error) {
    if (error instanceof TokenBindingError) return { code: error.code };
    throw new Finding(`threw something else than a TokenBindingError: ${String(error)}`, { cause: error });
  }
}

function checkSmall(subject: Subject, input: SmallCase): Outcome {
  if (input.kind === "base64url") {
    const answer = attempt(() => subject.decodeBase64url(input.text));
    const bytes = judgeBase64url(input.text);
    return compare(
      answer,
      bytes !== undefined,
      (value) => same(value, bytes!) && writeBase64url(value) === input.text,
    );
  }
  const { bytes } = input;
  if (input.kind === "id") {
    const answer = attempt(() => subject.decodeTokenBindingID(bytes));
    return compare(answer, isId(bytes), (id) => same(id.bytes, bytes) && id.keyParameters === bytes[0]);
  }
  const answer = attempt(() => subject.decodeTokenBindingParameters(bytes));
  // RFC 8472 section 2: two bytes of version, one of length, and as many codes as that says.
  const isBody = bytes.length > 3 && bytes.length === 3 + bytes[2]!;
  return compare(answer, isBody, ({ version, keyParametersList }) =>
    same(bytes, Uint8Array.of(version.major, version.minor, bytes[2]!, ...keyParametersList)),
  );
}

function compare<T>(
  answer: ReturnType<typeof attempt<T>>,
  isAcceptable: boolean,
  agrees: (value: T) => boolean,
): Outcome {
  if ("code" in answer) {
    if (isAcceptable) throw new Finding(`refused with ${answer.code} what the judge accepts`);
    return answer.code;
  }
  if (!isAcceptable) throw new Finding("ACCEPTED what the judge refuses");
  if (!agrees(answer.value)) throw new Finding("decoded to something else than the judge reads");
  return "accepted";
}
