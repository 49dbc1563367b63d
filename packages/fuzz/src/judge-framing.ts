// The judge's own parser: it computes where things end and never reads a value before it knows that the frame
// around it closes. An end that does not exist is NaN, and nothing compares to NaN.

/** Where a binding and its parts lie in the message. */
export interface Span {
  readonly type: number;
  readonly keyParameters: number;
  readonly id: Uint8Array;
  readonly signature: Uint8Array;
  /** Type and data of each extension. */
  readonly extensions: readonly (readonly [number, Uint8Array])[];
}

export type Framing = readonly Span[] | "framing" | "count";

/** Finds the bindings of a message (RFC 8471 section 3, A-06 to A-08). */
export function judgeFraming(message: Uint8Array, maxTokenBindings: number): Framing {
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  if (after(view, 2, 0, message.length, 132) !== message.length) return "framing";
  const spans: Span[] = [];
  for (let at = 2; at !== message.length;) {
    if (spans.length === maxTokenBindings) return "count";
    const idEnd = afterId(view, at + 1, message.length);
    const signatureEnd = after(view, 2, idEnd, message.length, 64);
    const end = after(view, 2, signatureEnd, message.length, 0);
    const extensions = judgeExtensions(view, message, signatureEnd + 2, end);
    if (extensions === undefined) return "framing";
    spans.push({
      type: message[at]!,
      keyParameters: message[at + 1]!,
      id: message.subarray(at + 1, idEnd),
      signature: message.subarray(idEnd + 2, signatureEnd),
      extensions,
    });
    at = end;
  }
  return spans;
}

/** Whether the bytes are one TokenBindingID. */
export function isId(bytes: Uint8Array): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return bytes.length > 0 && afterId(view, 0, bytes.length) === bytes.length;
}

/** Where the fields of an RSA key or of a point lie in an ID whose frame is right. */
export function keyFields(id: Uint8Array): readonly Uint8Array[] {
  if (id[0] === 2) return [id.subarray(4)];
  const middle = 5 + id[3]! * 256 + id[4]!;
  return [id.subarray(5, middle), id.subarray(middle + 1)];
}

function afterId(view: DataView, at: number, limit: number): number {
  const end = after(view, 2, at + 1, limit, 0);
  if (Number.isNaN(end)) return NaN;
  const keyParameters = view.getUint8(at);
  if (keyParameters > 2) return end;
  const modulusEnd = keyParameters === 2 ? at + 3 : after(view, 2, at + 3, end, 1);
  return after(view, 1, modulusEnd, end, 1) === end ? end : NaN;
}

function judgeExtensions(view: DataView, message: Uint8Array, start: number, end: number) {
  const extensions: [number, Uint8Array][] = [];
  let at = start;
  while (at < end) {
    const next = after(view, 2, at + 1, end, 0);
    extensions.push([message[at]!, message.subarray(at + 3, next)]);
    at = next;
  }
  return at === end ? extensions : undefined;
}

/** The end of the vector whose prefix is at `at`; NaN unless it has `min` bytes and ends by `limit`. */
function after(view: DataView, prefix: 1 | 2, at: number, limit: number, min: number): number {
  if (!(at + prefix <= limit)) return NaN;
  const length = prefix === 1 ? view.getUint8(at) : view.getUint16(at);
  const end = at + prefix + length;
  return length >= min && end <= limit ? end : NaN;
}
