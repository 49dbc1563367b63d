import {
  decodeOtherTokenBindingIDs,
  decodeTokenBindingIDField,
  encodeBase64url,
  secOtherTokenBindingId,
  secReferredTokenBindingId,
  tokenBindingTypes,
} from "@tokbind/codec";
import { type Outcome, outcomeOf } from "../outcome.ts";

/** The lines of one field from a TLS-terminating reverse proxy. */
export interface TtrpHeaderCase {
  readonly field: string;
  readonly lines: readonly string[];
}

/** A type and an ID in base64url. */
export interface TypedId {
  readonly type: number;
  readonly id: string;
}

/** Decodes the field. */
export function runTtrpHeader(test: TtrpHeaderCase): Promise<Outcome> {
  return outcomeOf(() => ({ ids: decodeTtrpHeader(test) }));
}

/** The IDs that the field names. */
export function decodeTtrpHeader({ field, lines }: TtrpHeaderCase): TypedId[] {
  if (field === secOtherTokenBindingId) {
    return decodeOtherTokenBindingIDs(lines).map(({ type, id }) => ({ type, id: encodeBase64url(id.bytes) }));
  }
  const type = field === secReferredTokenBindingId ? tokenBindingTypes.referred : tokenBindingTypes.provided;
  const id = decodeTokenBindingIDField(lines);
  return id === undefined ? [] : [{ type, id: encodeBase64url(id.bytes) }];
}
