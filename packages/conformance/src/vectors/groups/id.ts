import { decodeBase64url, decodeTokenBindingID, keyParametersName } from "@tokbind/codec";
import { exportPublicJwk, importPublicKey, tokenBindingHash } from "@tokbind/crypto";
import { type Outcome, outcomeOf } from "../outcome.ts";

/** A Token Binding ID, in base64url. */
export interface IdCase {
  readonly id: string;
}

/** Decodes the ID and imports its key. */
export function runId(test: IdCase): Promise<Outcome> {
  return outcomeOf(() => {
    const id = decodeTokenBindingID(decodeBase64url(test.id));
    const tbh = tokenBindingHash(id.bytes);
    const keyParameters = keyParametersName(id.keyParameters);
    if (keyParameters === undefined) return { keyParameters: id.keyParameters, tbh, jwk: null };
    importPublicKey(id);
    // The vectors leave alg out: it says no more than keyParameters.
    const jwk = exportPublicJwk(id);
    delete jwk.alg;
    return { keyParameters, tbh, jwk };
  });
}
