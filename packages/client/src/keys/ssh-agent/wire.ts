/**
 * The data types of RFC 4251 section 5 that the agent protocol uses.
 *
 * @module
 */

/** Reads a message whose length is known. What does not fit throws a RangeError. */
export class WireReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  byte(): number {
    return this.#take(1)[0]!;
  }

  uint32(): number {
    return this.#take(4).readUInt32BE();
  }

  string(): Buffer {
    return this.#take(this.uint32());
  }

  text(): string {
    return this.string().toString("utf8");
  }

  /**
   * A number that is not negative.
   *
   * @param length - bytes to return; a longer number is refused
   */
  mpint(length: number): Uint8Array {
    return leftPadded(this.string(), length);
  }

  /** Refuses what is left over. */
  end(): void {
    if (this.#at !== this.#bytes.length) throw new RangeError("expected the end, got more bytes");
  }

  #take(length: number): Buffer {
    if (length > this.#bytes.length - this.#at) throw new RangeError("expected more bytes, got the end");
    return this.#bytes.subarray(this.#at, (this.#at += length));
  }
}

/** A number in a fixed number of bytes. */
export function leftPadded(number: Uint8Array, length: number): Uint8Array {
  const significant = withoutLeadingZeros(number);
  if (significant.length > length)
    throw new RangeError(`expected a number of ${length} bytes, got a larger one`);
  const padded = new Uint8Array(length);
  padded.set(significant, length - significant.length);
  return padded;
}

export function withoutLeadingZeros(number: Uint8Array): Uint8Array {
  const first = number.findIndex((byte) => byte !== 0);
  return first < 0 ? new Uint8Array() : Uint8Array.from(number.subarray(first));
}

export function wireUint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

export function wireString(value: string | Uint8Array): Buffer {
  const bytes = Buffer.from(value as string);
  return Buffer.concat([wireUint32(bytes.length), bytes]);
}

/** A number that is not negative: a leading zero keeps a set top bit from being the sign. */
export function wireMpint(number: Uint8Array): Buffer {
  const significant = withoutLeadingZeros(number);
  return wireString((significant[0] ?? 0) >= 0x80 ? Uint8Array.of(0, ...significant) : significant);
}
