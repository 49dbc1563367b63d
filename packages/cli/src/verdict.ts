import {
  encodeBase64url,
  type KeyParameters,
  TokenBindingError,
  type TokenBindingErrorCode,
} from "@tokbind/codec";
import {
  type ReferredTokenBinding,
  type TokenBindingConnection,
  type VerifiedTokenBindings,
  verifySecTokenBinding,
} from "@tokbind/server";

interface AcceptedId {
  readonly id: string;
  readonly keyParameters: KeyParameters | number;
  readonly tbh: string;
}

/** What `tokbind verify` says of a message. */
export type Verdict =
  | { accepted: true; provided: AcceptedId; referred: (AcceptedId & { usable: boolean }) | null }
  | { accepted: false; code: TokenBindingErrorCode; reason: string };

/** Judges a message as a server with this connection would. */
export function judge(message: string, connection: TokenBindingConnection): Verdict {
  try {
    return accepted(verifySecTokenBinding([message], connection)!);
  } catch (error) {
    if (!(error instanceof TokenBindingError)) throw error;
    return { accepted: false, code: error.code, reason: error.message };
  }
}

function accepted({ provided, referred }: VerifiedTokenBindings): Verdict {
  return {
    accepted: true,
    provided: acceptedId(provided),
    referred: referred === undefined ? null : { ...acceptedId(referred), usable: referred.usable },
  };
}

function acceptedId(binding: Omit<ReferredTokenBinding, "usable">): AcceptedId {
  return { id: encodeBase64url(binding.id), keyParameters: binding.keyParameters, tbh: binding.tbh };
}
