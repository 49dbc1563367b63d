/** A line longer than this is cut: no valid input of ours comes near it. */
export const maxLineLength = 1_048_576;

/**
 * Splits bytes into lines at LF only (a CR before it is dropped), in order. A line longer than
 * {@link maxLineLength} bytes is cut there, so that no input can exhaust the memory. What follows the last LF
 * is a line unless it is empty.
 */
export async function* lines(input: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  let parts: Uint8Array[] = [];
  let length = 0;
  const keep = (part: Uint8Array) => {
    const room = maxLineLength - length;
    if (part.length > 0 && room > 0) parts.push(part.subarray(0, room));
    length += part.length;
  };
  const take = (): string => {
    const line = Buffer.concat(parts).toString("utf8");
    parts = [];
    length = 0;
    return line.endsWith("\r") ? line.slice(0, -1) : line;
  };
  for await (const chunk of input) {
    let start = 0;
    for (let end = chunk.indexOf(0x0a); end !== -1; end = chunk.indexOf(0x0a, start)) {
      keep(chunk.subarray(start, end));
      yield take();
      start = end + 1;
    }
    keep(chunk.subarray(start));
  }
  if (length > 0) yield take();
}
