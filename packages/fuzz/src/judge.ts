import { sha256 } from "@noble/hashes/sha2.js";
import { judgeBase64url, writeBase64url } from "./judge-base64url.ts";
import { judgeFraming, type Span } from "./judge-framing.ts";
import { isGoodKey, isGoodSignature } from "./judge-signature.ts";
import type { MessageCase } from "./make-case.ts";

/** What a message is refused for. */
export type Refusal =
  "text" | "length" | "framing" | "count" | "set" | "parameters" | "key" | "argument" | "signature";

/** What an accepted message establishes. */
export interface Established {
  readonly provided: Identity;
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

/**
 * A second opinion on a message, made from the documents and the decisions without any code that it judges.
 * Refusals come in the order of RFC 8471: text, framing, the set of bindings, key parameters, then each key
 * and its signature.
 */
export function judge({ message, ekm, keyParameters, options }: MessageCase): Established | Refusal {
  const { maxMessageLength = 65537, maxTokenBindings = 64, verifyUnknownTypes = false } = options;
  const bytes = bytesOf(message, maxMessageLength);
  if (typeof bytes === "string") return bytes;
  if (bytes.length > maxMessageLength) return "length";
  const bindings = judgeFraming(bytes, maxTokenBindings);
  if (typeof bindings === "string") return bindings;

  const [provided, ...moreProvided] = bindings.filter(({ type }) => type === 0);
  const [referred, ...moreReferred] = bindings.filter(({ type }) => type === 1);
  const others = bindings.filter(({ type }) => type > 1);
  if (provided === undefined || moreProvided.length + moreReferred.length > 0) return "set";
  if (names[provided.keyParameters] !== keyParameters) return "parameters";

  const judged = [provided, referred, ...(verifyUnknownTypes ? others : [])];
  for (const binding of judged) {
    if (binding === undefined || !isRegistered(binding)) continue;
    if (!isGoodKey(binding.id)) return "key";
    if (ekm.length !== 32) return "argument";
    if (!isGoodSignature(binding, ekm)) return "signature";
  }
  return { provided: identity(provided), referred: referred && identity(referred), others };
}

/** The bytes of a field value; around it HTTP allows spaces and tabs. */
function bytesOf(message: Uint8Array | string, maxLength: number): Uint8Array | Refusal {
  if (typeof message !== "string") return message;
  let [start, end] = [0, message.length];
  while (start < end && " \t".includes(message[start]!)) start++;
  while (end > start && " \t".includes(message[end - 1]!)) end--;
  // So many characters can't be the encoding of so few bytes, whatever they are.
  if (end - start > Math.ceil((maxLength / 3) * 4)) return "length";
  return judgeBase64url(message.slice(start, end)) ?? "text";
}

function identity({ id, keyParameters }: Span): Identity {
  return { id, tbh: writeBase64url(sha256(id)), keyParameters };
}
