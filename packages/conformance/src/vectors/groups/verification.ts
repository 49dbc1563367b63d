import { encodeBase64url, type KeyParameters } from "@tokbind/codec";
import { type VerifiedTokenBindings, verifySecTokenBinding } from "@tokbind/server";
import { type Outcome, outcomeOf } from "../outcome.ts";
import type { TypedId } from "./ttrp-header.ts";

/** The connection that carries a message. */
export interface ConnectionInputs {
  /** Hexadecimal. */
  readonly ekm: string;
  readonly negotiated: KeyParameters;
  readonly verifyUnknownTypes?: true;
}

/** A message and the connection that carries it. */
export interface VerificationCase extends ConnectionInputs {
  readonly message: string;
}

/** What a message establishes, as the vector files say it. */
export interface Established {
  readonly provided: NamedId;
  readonly referred: (NamedId & { readonly usable: boolean }) | null;
  readonly others: readonly TypedId[];
}

interface NamedId {
  readonly id: string;
  readonly tbh: string;
  readonly keyParameters: KeyParameters | number;
}

/** Verifies the message as the only line of a Sec-Token-Binding field. */
export function runVerification({ message, ...connection }: VerificationCase): Promise<Outcome> {
  return outcomeOf(() => verifyFields([message], connection));
}

/** Verifies the lines of a Sec-Token-Binding field; `lines` has at least one. */
export function verifyFields(lines: readonly string[], test: ConnectionInputs): Established {
  const connection = {
    ekm: Uint8Array.from(Buffer.from(test.ekm, "hex")),
    keyParameters: test.negotiated,
  };
  const { verifyUnknownTypes = false } = test;
  return established(verifySecTokenBinding(lines, connection, { verifyUnknownTypes })!);
}

function established({ provided, referred, others }: VerifiedTokenBindings): Established {
  return {
    provided: { ...provided, id: encodeBase64url(provided.id) },
    referred: referred === undefined ? null : { ...referred, id: encodeBase64url(referred.id) },
    others: others.map(({ type, id }) => ({ type, id: encodeBase64url(id.bytes) })),
  };
}
