import { type KeyParameters, TokenBindingError } from "@tokbind/codec";
import { createTokenBindingMessage } from "@tokbind/message";
import { findKey } from "../find-key.ts";
import { print } from "../output.ts";

export interface SignOptions {
  readonly ekm: Uint8Array;
  readonly provided: string;
  readonly referred?: string | undefined;
  readonly negotiated?: KeyParameters | undefined;
  readonly json?: boolean | undefined;
}

/** `tokbind sign`: prints the Sec-Token-Binding value for a connection with this EKM. */
export async function sign(options: SignOptions): Promise<number> {
  const { ekm, negotiated } = options;
  const provided = await findKey(options.provided, negotiated);
  const referred = options.referred === undefined ? undefined : await findKey(options.referred);
  if (negotiated !== undefined && negotiated !== provided.keyParameters) {
    throw new TokenBindingError(
      "key_parameters_mismatch",
      `${options.provided}: expected a key for the negotiated ${negotiated}, got ${provided.keyParameters}`,
    );
  }
  const message = await createTokenBindingMessage({ ekm, provided, referred });
  await print(options.json ? `${JSON.stringify({ message })}\n` : `${message}\n`);
  return 0;
}
