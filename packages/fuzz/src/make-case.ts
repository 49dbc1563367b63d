import type { KeyParameters } from "@tokbind/codec";
import type { SecTokenBindingOptions } from "@tokbind/server";
import { keyParametersNames, type ValidMessage } from "./corpus.ts";
import { spliced } from "./bytes.ts";
import { writeBase64url } from "./judge-base64url.ts";
import { idBytes, serialise } from "./message-tree.ts";
import { mutateBytes } from "./mutate-bytes.ts";
import { mutateString } from "./mutate-number.ts";
import { mutateText } from "./mutate-text.ts";
import { mutateTree } from "./mutate-tree.ts";
import type { Random } from "./random.ts";

/** A message and what it is judged against. */
export interface MessageCase {
  readonly kind: "message";
  /** Bytes, for RFC 8471; or the lines of a Sec-Token-Binding field, for RFC 8473. */
  readonly message: Uint8Array | readonly string[];
  readonly ekm: Uint8Array;
  readonly keyParameters: KeyParameters;
  readonly options: SecTokenBindingOptions;
}

/** Input of one of the small decoders. */
export type SmallCase =
  | { readonly kind: "id" | "parameters"; readonly bytes: Uint8Array }
  | { readonly kind: "base64url"; readonly text: string };

export type Case = MessageCase | SmallCase;

/** A mutant of one of the valid messages; it follows from the numbers of `random` alone. */
export function makeCase(random: Random, valid: readonly ValidMessage[]): Case {
  const small = random.below(32);
  if (small === 0) return { kind: "parameters", bytes: mutateString(random, random.pick(parameters)) };
  const { tree, ekm, keyParameters } = pickMessage(random, valid);
  const donor = pickMessage(random, valid).tree;
  if (small === 1) return { kind: "id", bytes: edited(random, idBytes(random.pick(tree.bindings))) };

  let mutant = tree;
  const treeEdits = random.below(4);
  for (let i = 0; i < treeEdits; i++) mutant = mutateTree(random, mutant, donor);
  let bytes = serialise(mutant);
  // Untouched bytes are good only for what is edited below.
  const byteEdits = treeEdits === 0 && !random.oneIn(8) ? 1 : random.below(2);
  for (let i = 0; i < byteEdits; i++) bytes = mutateBytes(random, bytes, serialise(donor));
  if (small === 2)
    return { kind: "base64url", text: mutateText(random, writeBase64url(bytes.subarray(0, 99))) };

  return {
    kind: "message",
    message: random.oneIn(3) ? fieldLines(random, writeBase64url(bytes)) : bytes,
    ekm: random.oneIn(12) ? edited(random, ekm) : ekm,
    keyParameters: random.oneIn(12) ? random.pick(keyParametersNames) : keyParameters,
    options: random.oneIn(6) ? makeOptions(random, bytes.length) : {},
  };
}

/** Half of them changed as text, and a few come twice. */
function fieldLines(random: Random, text: string): readonly string[] {
  const line = random.oneIn(2) ? mutateText(random, text) : text;
  return random.oneIn(16) ? [line, text] : [line];
}

/** Seldom one of the long messages: they are slow, and their mutants are much the same. */
function pickMessage(random: Random, valid: readonly ValidMessage[]): ValidMessage {
  const picked = random.pick(valid);
  return picked.tree.bindings.length > 3 && !random.oneIn(8) ? random.pick(valid) : picked;
}

function makeOptions(random: Random, length: number): SecTokenBindingOptions {
  return random.pick([
    { verifyUnknownTypes: true },
    { maxTokenBindings: random.below(4) },
    { maxMessageLength: Math.max(0, length - 2 + random.below(4)) },
  ]);
}

const parameters = [
  [1, 0, 1, 2],
  [1, 0, 3, 2, 1, 0],
  [0, 13, 5, 2, 99, 0, 1, 0],
].map((body) => Uint8Array.from(body));

/** Mostly changed, by one bit or by more. */
function edited(random: Random, bytes: Uint8Array): Uint8Array {
  if (random.oneIn(4)) return bytes;
  if (random.oneIn(2)) return mutateString(random, bytes);
  const at = random.below(bytes.length);
  return spliced(bytes, at, 1, Uint8Array.of(bytes[at]! ^ (1 << random.below(8))));
}
