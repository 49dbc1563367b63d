import { encodeBase64url, type KeyParameters, keyParametersName, type TokenBindingID } from "@tokbind/codec";
import { tokenBindingHash } from "@tokbind/crypto";

/** An identity in the output of all commands. */
export interface IdentityJson {
  /** base64url of the Token Binding ID. */
  readonly id: string;
  /** The registered name, or the bare code. */
  readonly keyParameters: KeyParameters | number;
  readonly tbh: string;
}

/** What a verifier has established. */
export function identityJson(identity: {
  readonly id: Uint8Array;
  readonly keyParameters: KeyParameters | number;
  readonly tbh: string;
}): IdentityJson {
  const { id, keyParameters, tbh } = identity;
  return { id: encodeBase64url(id), keyParameters, tbh };
}

/** What an ID says of itself. */
export function claimedIdentityJson({ bytes: id, keyParameters }: TokenBindingID): IdentityJson {
  const name = keyParametersName(keyParameters) ?? keyParameters;
  return identityJson({ id, keyParameters: name, tbh: tokenBindingHash(id) });
}
