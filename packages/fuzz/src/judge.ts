import { sha256 } from "@noble/hashes/sha2.js";
import { judgeBase64url, writeBase64url } from "./judge-base64url.ts";
import { judgeFraming, type Span } from "./judge-framing.ts";
import { isGoodKey, isGoodSignature } from "./judge-signature.ts";
import type { MessageCase } from "./make-case.ts";

/** What a message is refused for. */
export type Refusal =
  | "repeated"
  | "text"
  | "length"
  | "framing"
  | "count"
  | "set"
  | "parameters"
  | "key"
  | "argument"
  | "signature";

/** What an accepted message establishes. */
export interface Established {
  /** Always there in what HTTP accepts. */
  readonly provided: Identity | undefined;
  readonly referred: Identity | undefined;
  readonly others: readonly Span[];
}

export interface Identity {
  readonly id: Uint8Array;
  readonly tbh: string;
  readonly keyParameters: number;
}

const names = ["rsa2048_pkcs1.5", "rsa2048_pss", "ecdsap256"];
const isRegistered = ({ keyParameters }: Span) => keyParameters < names.length;

/** With verifyUnknownTypes; more of them are refused. */
const maxVerifiedOthers = 2;

/**
 * A second opinion on a message, made from the specifications and the decisions without any code that it judges.
 * Refusals come in the order of the RFCs: the field, text, framing, HTTP's one provided binding, the set of bindings,
 * key parameters, how many signatures there would be to verify, then each key and its signature.
 */
export function judge({ message, ekm, keyParameters, options }: MessageCase): Established | Refusal {
  const { maxMessageLength = 65537, maxTokenBindings = 64, verifyUnknownTypes = false } = options;
  const isField = !(message instanceof Uint8Array);
  const bytes = isField ? bytesOf(message, maxMessageLength) : message;
  if (typeof bytes === "string") return bytes;
  if (bytes.length > maxMessageLength) return "length";
  const bindings = judgeFraming(bytes, maxTokenBindings);
  if (typeof bindings === "string") return bindings;

  const [provided, ...moreProvided] = bindings.filter(({ type }) => type === 0);
  const [referred, ...moreReferred] = bindings.filter(({ type }) => type === 1);
  const others = bindings.filter(({ type }) => type > 1);
  // RFC 8473 section 2; RFC 8471 by itself leaves the set open.
  if (isField && provided === undefined) return "set";
  if (moreProvided.length + moreReferred.length > 0) return "set";
  if (provided !== undefined && names[provided.keyParameters] !== keyParameters) return "parameters";
  const verifiedOthers = verifyUnknownTypes ? others.filter(isRegistered) : [];
  if (verifiedOthers.length > maxVerifiedOthers) return "count";

  for (const binding of [provided, referred, ...verifiedOthers]) {
    if (binding === undefined || !isRegistered(binding)) continue;
    if (!isGoodKey(binding.id)) return "key";
    if (ekm.length !== 32) return "argument";
    if (!isGoodSignature(binding, ekm)) return "signature";
  }
  return { provided: provided && identity(provided), referred: referred && identity(referred), others };
}

/** The bytes of a field: one line without a comma, around whose value HTTP allows spaces and tabs. */
function bytesOf(lines: readonly string[], maxLength: number): Uint8Array | Refusal {
  const [line = "", ...more] = lines;
  if (more.length > 0 || line.includes(",")) return "repeated";
  let [start, end] = [0, line.length];
  while (start < end && " \t".includes(line[start]!)) start++;
  while (end > start && " \t".includes(line[end - 1]!)) end--;
  // So many characters can't be the encoding of so few bytes, whatever they are.
  if (end - start > Math.ceil((maxLength / 3) * 4)) return "length";
  return judgeBase64url(line.slice(start, end)) ?? "text";
}

function identity({ id, keyParameters }: Span): Identity {
  return { id, tbh: writeBase64url(sha256(id)), keyParameters };
}
