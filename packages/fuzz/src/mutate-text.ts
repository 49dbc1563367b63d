import type { Random } from "./random.ts";

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

// Padding, the other alphabet, white space, and characters whose low byte is that of "A".
const foreign = [
  "=",
  "==",
  "+",
  "/",
  " ",
  "\t",
  "\n",
  "\r\n",
  "\0",
  ",",
  "%41",
  ".",
  "\u0141",
  "\uff21",
  "\u{1f511}",
];

/** One edit of a base64url text. */
export function mutateText(random: Random, text: string): string {
  const at = random.oneIn(2) ? random.pick([0, text.length - 1, text.length]) : random.below(text.length + 1);
  const insert = (inserted: string, removed = 0) => text.slice(0, at) + inserted + text.slice(at + removed);
  // Whatever takes quadratic time over a run of white space takes minutes over this one.
  if (random.oneIn(500)) return ` ${insert(" ".repeat(200_000))}`;
  return random.pick([
    () => insert(random.pick(foreign)),
    () => insert(random.pick(foreign), 1),
    () => insert(random.pick(Array.from(alphabet)), 1),
    () => insert(random.pick(Array.from(alphabet))),
    () => insert("", 1),
    // The last character with other unused bits.
    () => text.slice(0, -1) + alphabet[(alphabet.indexOf(text.at(-1) ?? "A") + 1 + random.below(15)) % 64]!,
    () => text + "=".repeat(3 - ((text.length + 3) % 4)),
    () => ` \t${text}\t `,
    () => `${text},${text}`,
    () => text.replaceAll("-", "+").replaceAll("_", "/"),
  ])();
}
