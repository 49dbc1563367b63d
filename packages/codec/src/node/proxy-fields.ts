import { TokenBindingError } from "../errors.ts";
import { checkWhole, type NodeRequest } from "./request.ts";

/**
 * Finds the field lines in which a trusted proxy tells what it has verified. They count from trusted proxies only; from
 * anybody else they are refused, in every spelling.
 *
 * @param names - of the fields, in lower case
 * @param isTrusted - asked when there is one
 * @returns the lines of each field, undefined when the request has none of them in whatever spelling
 * @throws TokenBindingError `proxy_untrusted`; `header_malformed` for a spelling that a proxy passed on, and when Node
 *   may have dropped further lines
 */
export function proxyFields<Name extends string>(
  request: NodeRequest,
  names: readonly Name[],
  isTrusted: () => boolean,
): Readonly<Record<Name, readonly string[]>> | undefined {
  const { rawHeaders } = request;
  const fields = Object.fromEntries(names.map((name) => [name, [] as string[]])) as Record<Name, string[]>;
  let found: string | undefined;
  let misspelled: string | undefined;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]!;
    // A CGI or WSGI server behind this one would take "_" and "-" for the same.
    const field = names.find(({ length }) => length === name.length) && spelled(name, names);
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

function spelled<Name extends string>(name: string, names: readonly Name[]): Name | undefined {
  const plain = name.toLowerCase().replaceAll("_", "-");
  return names.find((each) => each === plain);
}
