import type { ReadableStreamReadResult } from "node:stream/web";
import { setImmediate as turn } from "node:timers/promises";

/** What a stream may bring in several pieces before it stays a stream, in bytes. */
const mostBytes = 1 << 20;
const later = Symbol("later");

/**
 * The body of a Request is a stream, whatever it was made of. Bytes that are all there without waiting are taken whole:
 * sent with a Content-Length, and again where a redirect wants them. Anything else stays a stream.
 */
export async function wholeOrStream(stream: ReadableStream<Uint8Array>): Promise<Blob | ReadableStream> {
  const reader = stream.getReader();
  const chunks: Uint8Array[] = [];
  for (let size = 0; size <= mostBytes || chunks.length === 1;) {
    const reading = reader.read();
    const result = await Promise.race([reading, turns(2)]);
    if (result === later) return remainder(chunks, reading, reader);
    // As a Blob: fetch in Node 20 loses the bytes of an array when it sends them.
    if (result.done) return new Blob(chunks);
    chunks.push(result.value);
    size += result.value.length;
  }
  return remainder(chunks, reader.read(), reader);
}

async function turns(count: number): Promise<typeof later> {
  for (let i = 0; i < count; i++) await turn();
  return later;
}

function remainder(
  chunks: Uint8Array[],
  reading: Promise<ReadableStreamReadResult<Uint8Array>>,
  reader: ReadableStreamDefaultReader<Uint8Array>,
): ReadableStream {
  // Whoever reads hears of it.
  reading.catch(() => undefined);
  let next = reading;
  return new ReadableStream({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(chunk);
    },
    async pull(controller) {
      const { done, value } = await next;
      if (done) {
        controller.close();
        return;
      }
      controller.enqueue(value);
      next = reader.read();
      next.catch(() => undefined);
    },
    cancel: (reason) => reader.cancel(reason),
  });
}
