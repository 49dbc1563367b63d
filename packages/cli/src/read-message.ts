import { maxLineLength } from "./lines.ts";

/** A message given as an argument, or on standard input for `-`: as much of it as {@link maxLineLength}. */
export async function readMessage(argument: string): Promise<string> {
  if (argument !== "-") return argument;
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of process.stdin as AsyncIterable<Uint8Array>) {
    chunks.push(chunk);
    length += chunk.length;
    // Much longer than any message: the rest would not change what is said of it.
    if (length >= maxLineLength) break;
  }
  return Buffer.concat(chunks).subarray(0, maxLineLength).toString("utf8").trim();
}
