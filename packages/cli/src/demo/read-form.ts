import type { IncomingMessage } from "node:http";

const maxLength = 10_000;
const maxDiscarded = 1_048_576;

/** A request body that is no form of ours. */
export class FormTooLong extends Error {
  override readonly name = "FormTooLong";
  readonly expected = `a form of at most ${maxLength} bytes`;
}

/**
 * Reads a form of at most 10,000 bytes. What is longer is read on for 1 MiB and forgotten, so that a client that first
 * sends everything gets its answer.
 *
 * @throws FormTooLong, and an Error when the client goes away in the middle
 */
export async function readForm(request: IncomingMessage): Promise<URLSearchParams> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  // The connection is left open: the answer has yet to go over it.
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>) {
    length += chunk.length;
    if (length > maxDiscarded) break;
    if (length <= maxLength) chunks.push(chunk);
  }
  if (length > maxLength) throw new FormTooLong();
  return new URLSearchParams(Buffer.concat(chunks).toString("utf8"));
}
