import type { TokenBindingKey } from "@tokbind/crypto";

/** What a request proves. */
export interface Proof {
  readonly provided: TokenBindingKey | undefined;
  /** The value of Sec-Token-Binding. */
  readonly header: string | undefined;
}

export const noProof: Proof = { provided: undefined, header: undefined };
