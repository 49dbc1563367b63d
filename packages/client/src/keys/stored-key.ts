import type { KeyParameters, TokenBindingID } from "@tokbind/codec";

/** A key in a store, without its private half. */
export interface StoredKey {
  readonly scope: string;
  readonly keyParameters: KeyParameters;
  readonly id: TokenBindingID;
  /** When it was made; undefined where the store does not know. */
  readonly created: Date | undefined;
}
