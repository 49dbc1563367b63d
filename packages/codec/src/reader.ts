import { TokenBindingError } from "./errors.ts";

/** Told of each field that a decoder has read: its name and the bytes `start` up to `end` of the input. */
export type FieldObserver = (field: string, start: number, end: number) => void;

/**
 * Reads TLS presentation language (RFC 8446 section 3), the counterpart of Writer. No read leaves the vector that
 * is being read, and every vector must be read to its end.
 */
export class Reader {
  readonly #input: Uint8Array;
  readonly #observe: FieldObserver | undefined;
  #at = 0;
  #end: number;

  constructor(input: Uint8Array, observe?: FieldObserver) {
    this.#input = input;
    this.#observe = observe;
    this.#end = input.length;
  }

  /** Offset in the input of the next byte. */
  get offset(): number {
    return this.#at;
  }

  /** Number of bytes left in the vector that is being read. */
  get left(): number {
    return this.#end - this.#at;
  }

  uint8(field: string): number {
    return this.#uint(field, 1);
  }

  /** A vector with a length prefix of 1 or 2 bytes and at least `min` bytes of content, which `read` reads. */
  vector<T>(field: string, prefix: 1 | 2, min: number, read: (reader: Reader) => T): T {
    const length = this.#length(field, prefix, min);
    const outerEnd = this.#end;
    this.#end = this.#at + length;
    const value = read(this);
    this.finish(field);
    this.#end = outerEnd;
    return value;
  }

  /** A vector of bytes that mean nothing here. */
  opaque(field: string, prefix: 1 | 2, min: number): Uint8Array {
    return this.#bytes(field, this.#length(field, prefix, min));
  }

  /** All that is left of the vector that is being read. */
  rest(field: string): Uint8Array {
    return this.#bytes(field, this.left);
  }

  /** Refuses bytes that nothing has read. */
  finish(field: string): void {
    if (this.left > 0) throw this.#trailing(field, this.#at, this.left);
  }

  /** Refuses bytes of the input after the vector that is being read, before anything in it is looked at. */
  refuseBytesAfter(field: string): void {
    const after = this.#input.length - this.#end;
    if (after > 0) throw this.#trailing(field, this.#end, after);
  }

  /** The bytes of the input from `start` to where this reader stands. */
  since(start: number): Uint8Array {
    return this.#input.subarray(start, this.#at);
  }

  #bytes(field: string, length: number): Uint8Array {
    const start = this.#at;
    this.#at += length;
    if (this.#observe !== undefined && length > 0) this.#observe(field, start, this.#at);
    return this.#input.subarray(start, this.#at);
  }

  /** The length prefix of a vector whose content is all there. */
  #length(field: string, prefix: 1 | 2, min: number): number {
    const start = this.#at;
    const length = this.#uint(field, prefix, " length");
    if (length < min) {
      throw new TokenBindingError(
        "length_out_of_range",
        `${field}: expected a length of at least ${min} bytes, got ${length}`,
        { field, offset: start },
      );
    }
    if (this.left < length) throw this.#truncated(field, length);
    return length;
  }

  // The name is put together only where it is told: this runs for every field of every message.
  #uint(field: string, size: 1 | 2, suffix = ""): number {
    const start = this.#at;
    if (this.left < size) throw this.#truncated(field + suffix, size);
    let value = this.#input[start]!;
    if (size === 2) value = (value << 8) | this.#input[start + 1]!;
    this.#at += size;
    if (this.#observe !== undefined) this.#observe(field + suffix, start, this.#at);
    return value;
  }

  #trailing(field: string, offset: number, count: number): TokenBindingError {
    const message = `${field}: expected its end, got ${count} more bytes`;
    return new TokenBindingError("trailing_bytes", message, { field, offset });
  }

  #truncated(field: string, wanted: number): TokenBindingError {
    return new TokenBindingError(
      "truncated",
      `${field}: expected ${wanted} bytes, got ${this.left} before the end`,
      { field, offset: this.#at },
    );
  }
}
