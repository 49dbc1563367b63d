import { TokenBindingError, type TokenBindingErrorCode } from "@tokbind/codec";

/** Tags of DER (X.690 section 8.1.2), as far as certificates and CRLs have them. */
export const tags = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  oid: 0x06,
  utf8String: 0x0c,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
} as const;

/** What is read, and how a mistake in it is reported. */
export interface DerSource {
  /** Names it in errors. */
  readonly what: string;
  readonly code: TokenBindingErrorCode;
}

/**
 * Reads DER (X.690) one element after the other. No read leaves the element that is being read. The position of the
 * element that was read last is in `start`, `content` and `end`, so that a list of 100,000 costs no objects.
 */
export class DerReader {
  readonly bytes: Buffer;
  readonly #source: DerSource;
  #at = 0;
  #limit: number;
  #text: string | undefined;
  tag = 0;
  /** Offset of the element's tag. */
  start = 0;
  /** Offset of the element's content. */
  content = 0;
  /** Offset just after the element. */
  end = 0;

  constructor(bytes: Buffer, source: DerSource) {
    this.bytes = bytes;
    this.#source = source;
    this.#limit = bytes.length;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#limit;
  }

  /** Whether there is a next element, of this tag. */
  nextIs(tag: number): boolean {
    return !this.isAtEnd && this.bytes[this.#at] === tag;
  }

  /**
   * Reads the next element.
   *
   * @param expected - its tag; any when left out
   */
  next(expected?: number): this {
    const { bytes } = this;
    let at = this.#at;
    if (at + 2 > this.#limit) throw this.invalid("expected another element, got the end");
    const tag = bytes[at]!;
    let length = bytes[at + 1]!;
    at += 2;
    if (length > 0x7f) {
      const count = length & 0x7f;
      if (count < 1 || count > 4 || at + count > this.#limit) throw this.invalid("expected a length");
      length = bytes.readUIntBE(at, count);
      // One encoding only: as short as possible.
      if (length < 0x80 || (count > 1 && bytes[at] === 0)) throw this.invalid("expected the shortest length");
      at += count;
    }
    if (length > this.#limit - at) {
      throw this.invalid(`expected an element of ${length} bytes, got ${this.#limit - at} before the end`);
    }
    if (expected !== undefined && tag !== expected) {
      throw this.invalid(`expected the tag ${expected}, got ${tag}`);
    }
    this.tag = tag;
    this.start = this.#at;
    this.content = at;
    this.end = this.#at = at + length;
    return this;
  }

  /** Another reader, of the content of the element that was read last. */
  inside(): DerReader {
    return new DerReader(this.bytes, this.#source).move(this.content, this.end);
  }

  /** Goes to another part of the same bytes. */
  move(start: number, end: number): this {
    this.#at = start;
    this.#limit = end;
    return this;
  }

  /** Refuses elements that nobody has read. */
  finish(): void {
    if (!this.isAtEnd) throw this.invalid(`expected the end, got ${this.#limit - this.#at} more bytes`);
  }

  /** The element that was read last, whole. */
  whole(): Buffer {
    return this.bytes.subarray(this.start, this.end);
  }

  /** The content of the element that was read last. */
  value(): Buffer {
    return this.bytes.subarray(this.content, this.end);
  }

  /** Bytes as a string of as many characters, which can be compared and be a key of a Map. */
  text(start: number, end: number): string {
    // Parts of one string cost half as much as strings of their own.
    return (this.#text ??= this.bytes.toString("latin1")).slice(start, end);
  }

  /** An INTEGER without its sign byte, which is how serial numbers are compared. */
  integerText(): string {
    const { bytes, content, end } = this;
    if (bytes[content] !== 0 || end - content < 2) return this.text(content, end);
    // One encoding only: a serial number with more zeros would never be found.
    if (bytes[content + 1]! < 0x80) throw this.invalid("expected the shortest integer");
    return this.text(content + 1, end);
  }

  /** The next element, a UTCTime or GeneralizedTime as RFC 5280 section 4.1.2.5 has them, in milliseconds. */
  time(): number {
    this.next();
    const isUtc = this.tag === tags.utcTime;
    const text = this.text(this.content, this.end);
    const digits = (isUtc ? /^\d{12}Z$/ : /^\d{14}Z$/).test(text) ? text.slice(0, -1) : undefined;
    if (digits === undefined || (!isUtc && this.tag !== tags.generalizedTime)) {
      throw this.invalid("expected a time of RFC 5280");
    }
    const century = isUtc ? (digits < "50" ? "20" : "19") : "";
    const [, year, month, day, hour, minute, second] = /^(....)(..)(..)(..)(..)(..)$/.exec(century + digits)!;
    const time = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
    if (Number.isNaN(time)) throw this.invalid("expected a time of RFC 5280");
    return time;
  }

  invalid(message: string): TokenBindingError {
    const { code, what } = this.#source;
    return new TokenBindingError(code, `${what}: at byte ${this.#at}: ${message}`);
  }
}
