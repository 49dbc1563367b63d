import { decodeTokenBindingParameters } from "@tokbind/codec";
import { type Outcome, outcomeOf } from "../outcome.ts";

/** A body of TLS extension 24, in hexadecimal. */
export interface NegotiationBodyCase {
  readonly body: string;
}

/** Decodes the body. */
export function runNegotiationBody({ body }: NegotiationBodyCase): Promise<Outcome> {
  return outcomeOf(() => decodeTokenBindingParameters(Uint8Array.from(Buffer.from(body, "hex"))));
}
