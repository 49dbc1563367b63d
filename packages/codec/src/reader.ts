import { TokenBindingError } from "./errors.ts";

/** Told of each field that a decoder has read: its name and the bytes `start` up to `end` of the input. */
export type FieldObserver = (field: string, start: number, end: number) => void;

/**
 * Reads TLS presentation language (RFC 8446 section 3) from a window of the input. No read leaves the window,
 * and every vector is a window of its own that must be read to its end.
 */
export class Reader {
  readonly #input: Uint8Array;
  readonly #end: number;
  readonly #observe: FieldObserver | undefined;
  #at: number;

  constructor(input: Uint8Array, observe?: FieldObserver, start = 0, end = input.length) {
    this.#input = input;
    this.#observe = observe;
    this.#at = start;
    this.#end = end;
  }

  /** Offset in the whole input of the next byte. */
  get offset(): number {
    return this.#at;
  }

  /** Number of bytes left in this window. */
  get left(): number {
    return this.#end - this.#at;
  }

  uint8(field: string): number {
    return this.#uint(field, 1);
  }

  /** A window on a vector with a length prefix of 1 or 2 bytes and at least `min` bytes of content. */
  vector(field: string, prefix: 1 | 2, min: number): Reader {
    const start = this.#at;
    const length = this.#uint(`${field} length`, prefix);
    if (length < min) {
      throw new TokenBindingError(
        "length_out_of_range",
        `${field}: expected a length of at least ${min} bytes, got ${length}`,
        { field, offset: start },
      );
    }
    return this.#window(field, length);
  }

  /** All the rest of this window. */
  rest(field: string): Uint8Array {
    return this.#window(field, this.left).#take(field);
  }

  /** Refuses bytes that nothing has read. */
  finish(field: string): void {
    if (this.left === 0) return;
    throw new TokenBindingError("trailing_bytes", `${field}: expected its end, got ${this.left} more bytes`, {
      field,
      offset: this.#at,
    });
  }

  /** The bytes of the whole input from `start` to where this reader stands. */
  since(start: number): Uint8Array {
    return this.#input.subarray(start, this.#at);
  }

  #take(field: string): Uint8Array {
    const start = this.#at;
    this.#at = this.#end;
    if (this.#observe !== undefined && this.#end > start) this.#observe(field, start, this.#end);
    return this.#input.subarray(start, this.#end);
  }

  #uint(field: string, size: 1 | 2): number {
    const start = this.#at;
    if (this.left < size) throw this.#truncated(field, size);
    let value = this.#input[start]!;
    if (size === 2) value = (value << 8) | this.#input[start + 1]!;
    this.#at += size;
    this.#observe?.(field, start, this.#at);
    return value;
  }

  #window(field: string, length: number): Reader {
    if (this.left < length) throw this.#truncated(field, length);
    const start = this.#at;
    this.#at += length;
    return new Reader(this.#input, this.#observe, start, this.#at);
  }

  #truncated(field: string, wanted: number): TokenBindingError {
    return new TokenBindingError(
      "truncated",
      `${field}: expected ${wanted} bytes, got ${this.left} before the end`,
      {
        field,
        offset: this.#at,
      },
    );
  }
}
