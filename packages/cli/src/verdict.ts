import { TokenBindingError, type TokenBindingErrorCode } from "@tokbind/codec";
import { type TokenBindingConnection, verifySecTokenBinding } from "@tokbind/server";
import { identityJson, type IdentityJson } from "./identity-json.ts";

/** What `tokbind verify` says of a message. */
export type Verdict =
  | {
      readonly accepted: true;
      readonly provided: IdentityJson;
      readonly referred: (IdentityJson & { readonly usable: boolean }) | null;
    }
  | { readonly accepted: false; readonly code: TokenBindingErrorCode; readonly reason: string };

/** The verdict of a server with this connection on a message in a Sec-Token-Binding field. */
export function verdictOn(message: string, connection: TokenBindingConnection): Verdict {
  try {
    const { provided, referred } = verifySecTokenBinding([message], connection)!;
    return {
      accepted: true,
      provided: identityJson(provided),
      referred: referred === undefined ? null : { ...identityJson(referred), usable: referred.usable },
    };
  } catch (error) {
    if (!(error instanceof TokenBindingError)) throw error;
    return { accepted: false, code: error.code, reason: error.message };
  }
}
