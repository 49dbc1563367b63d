import {
  secOtherTokenBindingId,
  secProvidedTokenBindingId,
  secReferredTokenBindingId,
  TokenBindingError,
} from "@tokbind/codec";
import { checkWhole, type NodeRequest } from "@tokbind/codec/node";

/** The lines of the three fields in which a proxy tells what it validated (draft-ietf-tokbind-ttrp-09 section 2.2). */
export interface TtrpFields {
  readonly provided: readonly string[];
  readonly referred: readonly string[];
  readonly others: readonly string[];
}

const names = new Map([
  [secProvidedTokenBindingId.toLowerCase(), "provided"],
  [secReferredTokenBindingId.toLowerCase(), "referred"],
  [secOtherTokenBindingId.toLowerCase(), "others"],
] as const);

/**
 * The lines of the three fields; undefined when the request has none of them, in whatever spelling.
 *
 * @param isTrusted - asked when there is one
 * @throws TokenBindingError `proxy_untrusted`; `header_malformed` for a spelling that a proxy passed on, and when Node
 *   may have dropped further lines
 */
export function ttrpFields(request: NodeRequest, isTrusted: () => boolean): TtrpFields | undefined {
  const { rawHeaders } = request;
  const fields = { provided: [] as string[], referred: [] as string[], others: [] as string[] };
  let found: string | undefined;
  let misspelled: string | undefined;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]!;
    if (!/^sec[-_]/i.test(name)) continue;
    // A CGI or WSGI server behind this one would take "_" and "-" for the same.
    const field = names.get(name.toLowerCase().replaceAll("_", "-"));
    if (field === undefined) continue;
    found = name;
    if (name.includes("_")) misspelled = name;
    fields[field].push(rawHeaders[i + 1]!);
  }
  if (found === undefined) return undefined;
  if (!isTrusted()) {
    throw new TokenBindingError(
      "proxy_untrusted",
      `got a ${found} field from somebody who has not proven to be a trusted proxy`,
    );
  }
  if (misspelled !== undefined) {
    throw new TokenBindingError(
      "header_malformed",
      `expected the proxy to spell its fields with "-" and to strip all other spellings, got ${misspelled}`,
    );
  }
  checkWhole(request, found);
  return fields;
}
