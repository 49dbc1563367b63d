import { secOtherTokenBindingId, secProvidedTokenBindingId, secReferredTokenBindingId } from "@tokbind/codec";
import { type NodeRequest, proxyFields } from "@tokbind/codec/node";

/** The lines of the three fields in which a proxy tells what it validated (draft-ietf-tokbind-ttrp-09 section 2.2). */
export interface TtrpFields {
  readonly provided: readonly string[];
  readonly referred: readonly string[];
  readonly others: readonly string[];
}

const provided = secProvidedTokenBindingId.toLowerCase();
const referred = secReferredTokenBindingId.toLowerCase();
const others = secOtherTokenBindingId.toLowerCase();
const names = [provided, referred, others];

/**
 * The lines of the three fields; undefined when the request has none of them, in whatever spelling.
 *
 * @param isTrusted - asked when there is one
 * @throws TokenBindingError `proxy_untrusted` or `header_malformed`
 */
export function ttrpFields(request: NodeRequest, isTrusted: () => boolean): TtrpFields | undefined {
  const fields = proxyFields(request, names, isTrusted);
  return fields && { provided: fields[provided]!, referred: fields[referred]!, others: fields[others]! };
}
