import { type KeyParameters, TokenBindingError } from "@tokbind/codec";
import { createTokenBindingMessage } from "@tokbind/client";
import { readKeyFile } from "../key-file.ts";

export interface SignOptions {
  readonly ekm: Uint8Array;
  readonly provided: string;
  readonly referred?: string;
  readonly negotiated?: KeyParameters;
  readonly json?: boolean;
}

/** `tokbind sign`: prints the Sec-Token-Binding value for a connection with this EKM. */
export async function sign(options: SignOptions): Promise<number> {
  const provided = await readKeyFile(options.provided);
  const referred = options.referred === undefined ? undefined : await readKeyFile(options.referred);
  if (options.negotiated !== undefined && options.negotiated !== provided.keyParameters) {
    throw new TokenBindingError(
      "key_parameters_mismatch",
      `${options.provided}: expected a key for the negotiated ${options.negotiated}, got ${provided.keyParameters}`,
    );
  }
  const message = await createTokenBindingMessage({
    ekm: options.ekm,
    provided,
    ...(referred && { referred }),
  });
  process.stdout.write(options.json ? `${JSON.stringify({ message })}\n` : `${message}\n`);
  return 0;
}
