import {
  decodeBase64url,
  decodeOtherTokenBindingIDs,
  decodeTokenBindingID,
  decodeTokenBindingIDField,
  decodeTokenBindingMessage,
  decodeTokenBindingParameters,
  encodeBase64url,
  keyParametersName,
  type MessageLimits,
  secOtherTokenBindingId,
  secReferredTokenBindingId,
  tokenBindingTypes,
} from "@tokbind/codec";
import { exportPublicJwk, importPublicKey, tokenBindingHash } from "@tokbind/crypto";

/** Group "message". */
export interface MessageCase {
  readonly message: string;
  readonly limits?: Partial<MessageLimits>;
}

export function decodeMessage({ message, limits }: MessageCase): object {
  const { tokenBindings } = decodeTokenBindingMessage(decodeBase64url(message), limits);
  const bindings = tokenBindings.map(({ type, id, signature, extensions }) => ({
    type,
    id: encodeBase64url(id.bytes),
    signature: encodeBase64url(signature),
    extensions: extensions.map(({ extensionType, extensionData }) => ({
      type: extensionType,
      data: encodeBase64url(extensionData),
    })),
  }));
  return { bindings };
}

/** Group "negotiation-body". */
export interface NegotiationBodyCase {
  readonly body: string;
}

export function decodeBody({ body }: NegotiationBodyCase): object {
  return decodeTokenBindingParameters(Uint8Array.from(Buffer.from(body, "hex")));
}

/** Group "id". */
export interface IdCase {
  readonly id: string;
}

export function decodeId(test: IdCase): object {
  const id = decodeTokenBindingID(decodeBase64url(test.id));
  const tbh = tokenBindingHash(id.bytes);
  const keyParameters = keyParametersName(id.keyParameters);
  if (keyParameters === undefined) return { keyParameters: id.keyParameters, tbh, jwk: null };
  importPublicKey(id);
  // The vectors leave alg out: it says no more than keyParameters.
  const jwk = exportPublicJwk(id);
  delete jwk.alg;
  return { keyParameters, tbh, jwk };
}

/** Group "ttrp-header". */
export interface TtrpHeaderCase {
  readonly field: string;
  readonly lines: readonly string[];
}

export function decodeTtrpHeader({ field, lines }: TtrpHeaderCase): { ids: { type: number; id: string }[] } {
  if (field === secOtherTokenBindingId) {
    const others = decodeOtherTokenBindingIDs(lines);
    return { ids: others.map(({ type, id }) => ({ type, id: encodeBase64url(id.bytes) })) };
  }
  const type = field === secReferredTokenBindingId ? tokenBindingTypes.referred : tokenBindingTypes.provided;
  const id = decodeTokenBindingIDField(lines);
  return { ids: id === undefined ? [] : [{ type, id: encodeBase64url(id.bytes) }] };
}
