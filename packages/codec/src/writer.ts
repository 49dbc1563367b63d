import { TokenBindingError } from "./errors.ts";

/** Writes TLS presentation language; the counterpart of Reader, with the same bounds. */
export class Writer {
  readonly #bytes: number[] = [];

  uint8(field: string, value: number): void {
    if (!Number.isInteger(value) || value < 0 || value > 255) {
      throw new TokenBindingError("invalid_argument", `${field}: expected 0 to 255, got ${value}`, { field });
    }
    this.#bytes.push(value);
  }

  bytes(content: Uint8Array | readonly number[]): void {
    for (const byte of content) this.#bytes.push(byte);
  }

  /** A vector whose content `write` writes, with a length prefix of 1 or 2 bytes and `min` bytes at least. */
  vector(field: string, prefix: 1 | 2, min: number, write: (content: Writer) => void): void {
    const content = new Writer();
    write(content);
    this.opaque(field, prefix, min, content.#bytes);
  }

  /** A vector of ready bytes. */
  opaque(field: string, prefix: 1 | 2, min: number, content: Uint8Array | readonly number[]): void {
    const max = prefix === 1 ? 0xff : 0xffff;
    const length = content.length;
    if (length < min || length > max) {
      throw new TokenBindingError(
        "invalid_argument",
        `${field}: expected ${min} to ${max} bytes, got ${length}`,
        { field },
      );
    }
    if (prefix === 2) this.#bytes.push(length >> 8);
    this.#bytes.push(length & 0xff);
    this.bytes(content);
  }

  finish(): Uint8Array {
    return Uint8Array.from(this.#bytes);
  }
}
