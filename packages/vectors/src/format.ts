import type { Json } from "./group.ts";

const width = 110;

/** JSON as prettier formats it: objects over several lines, lists of scalars on one when they fit. */
export function format(value: Json): string {
  return `${write(value, "", 0)}\n`;
}

/** `before` is how many characters stand on the line already. */
function write(value: Json, indent: string, before: number): string {
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  const inner = `${indent}  `;
  if (Array.isArray(value)) {
    const items = value as readonly Json[];
    if (items.length === 0) return "[]";
    if (items.every((item) => item === null || typeof item !== "object")) {
      const line = `[${items.map((item) => JSON.stringify(item)).join(", ")}]`;
      // One more for the comma that may follow.
      if (before + line.length + 1 <= width) return line;
      if (items.every((item) => typeof item === "number")) {
        return `[\n${fillLines(items, inner)}\n${indent}]`;
      }
    }
    return `[\n${items.map((item) => inner + write(item, inner, inner.length)).join(",\n")}\n${indent}]`;
  }
  const entries = Object.entries(value);
  if (entries.length === 0) return "{}";
  const lines = entries.map(([name, member]) => {
    const start = `${inner}${JSON.stringify(name)}: `;
    return start + write(member, inner, start.length);
  });
  return `{\n${lines.join(",\n")}\n${indent}}`;
}

/** Numbers, as many on each line as fit. */
function fillLines(numbers: readonly number[], indent: string): string {
  const lines: string[] = [];
  let line = "";
  numbers.forEach((number, i) => {
    const text = i + 1 < numbers.length ? `${number},` : String(number);
    if (line !== "" && indent.length + line.length + 1 + text.length > width) {
      lines.push(indent + line);
      line = "";
    }
    line += line === "" ? text : ` ${text}`;
  });
  return [...lines, indent + line].join("\n");
}
