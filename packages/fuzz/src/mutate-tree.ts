import {
  type Binding,
  copyBinding,
  copyTree,
  copyVector,
  type MessageTree,
  vector,
  vectorsOf,
} from "./message-tree.ts";
import { mutateKey, mutateSignature, mutateString } from "./mutate-number.ts";
import type { Random } from "./random.ts";

type TreeEdit = (random: Random, tree: MessageTree, binding: Binding, other: Binding) => void;

const edits: readonly TreeEdit[] = [
  // One byte string; all lengths follow.
  (random, _, binding) => {
    const vectors = vectorsOf(binding).filter(({ parts }) =>
      parts.some((part) => part instanceof Uint8Array),
    );
    const { parts } = random.pick(vectors);
    const at = parts.findIndex((part) => part instanceof Uint8Array);
    parts[at] = mutateString(random, parts[at] as Uint8Array);
  },
  // One length that lies.
  (random, tree, binding) => {
    const target = random.pick([tree, ...vectorsOf(binding)]);
    target.lie = random.pick([-1, 1, -2, 2, 64, 256, -256, random.below(65536)]);
  },
  (random, tree, binding) => {
    tree.bindings.splice(random.below(tree.bindings.length + 1), 0, copyBinding(binding));
  },
  (random, tree, _, other) => {
    tree.bindings.splice(random.below(tree.bindings.length + 1), 0, other);
  },
  (random, tree) => {
    tree.bindings.splice(random.below(tree.bindings.length), 1);
  },
  (random, tree) => {
    const [moved] = tree.bindings.splice(random.below(tree.bindings.length), 1);
    tree.bindings.splice(random.below(tree.bindings.length + 1), 0, moved!);
  },
  // More bindings than any limit.
  (random, tree, binding) => {
    if (random.oneIn(8)) tree.bindings.push(...new Array<Binding>(random.below(80)).fill(binding));
  },
  (random, _, binding) => {
    binding.type = random.pick([0, 1, 2, 77, 255]);
  },
  (random, _, binding) => {
    binding.keyParameters = random.pick([0, 1, 2, 3, 99, 255]);
  },
  // Pieces of another message.
  (random, _, binding, other) => {
    const name = random.pick(["key", "signature", "extensions"] as const);
    binding[name] = copyVector(other[name]);
  },
  (random, _, binding) => {
    binding.extensions.parts.push(Uint8Array.of(random.below(256)), vector(2, random.bytes(random.below(9))));
  },
  (random, _, binding) => {
    binding.extensions.parts.push(random.bytes(random.below(5)));
  },
  (random, _, binding) => {
    mutateSignature(random, binding);
  },
  (random, _, binding) => {
    mutateKey(random, binding);
  },
];

/** A copy of the tree with one edit that knows where things are. */
export function mutateTree(random: Random, original: MessageTree, donor: MessageTree): MessageTree {
  const tree = copyTree(original);
  const other = copyBinding(random.pick(donor.bindings));
  if (tree.bindings.length === 0) tree.bindings.push(other);
  else random.pick(edits)(random, tree, random.pick(tree.bindings), other);
  return tree;
}
