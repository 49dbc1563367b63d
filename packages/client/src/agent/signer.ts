import type { TokenBindingKey } from "@tokbind/crypto";
import { createTokenBindingMessage } from "@tokbind/message";
import { asError } from "./as-error.ts";

interface Signed {
  readonly key: TokenBindingKey;
  /** The value of Sec-Token-Binding. */
  header: Promise<string> | string;
}

/** Signs for one connection, once per key: the value holds for all its requests (RFC 8473 section 2). */
export class Signer {
  readonly #ekm: Uint8Array;
  #signed: Signed | undefined;

  constructor(ekm: Uint8Array) {
    this.#ekm = ekm;
  }

  /**
   * The value of Sec-Token-Binding, at once if the key has signed.
   *
   * @throws TokenBindingError `key_store` when the key fails
   */
  sign(key: TokenBindingKey): Promise<string> | string {
    if (this.#signed?.key !== key) {
      const signed: Signed = (this.#signed = { key, header: "" });
      signed.header = createTokenBindingMessage({ ekm: this.#ekm, provided: key }).then(
        (header) => (signed.header = header),
        (error: unknown) => {
          // A key in hardware may be there again next time.
          if (this.#signed === signed) this.#signed = undefined;
          throw asError("key_store", "key store: key", error);
        },
      );
    }
    return this.#signed.header;
  }
  /**
   * The value of Sec-Token-Binding with a referred key beside the provided one (RFC 8473 section 5).
   *
   * @throws TokenBindingError when either key fails
   */
  refer(provided: TokenBindingKey, referred: TokenBindingKey): Promise<string> {
    return createTokenBindingMessage({ ekm: this.#ekm, provided, referred });
  }
}
