import { secTokenBinding } from "@tokbind/codec";
import { checkWhole, type NodeRequest } from "@tokbind/codec/node";

const fieldName = secTokenBinding.toLowerCase();

/**
 * The value of each Sec-Token-Binding field line. `rawHeaders` has each line by itself, where `headers` joins them.
 * Trailers are elsewhere and stay unread.
 *
 * @throws TokenBindingError `header_malformed` when Node may have dropped further lines
 */
export function secTokenBindingLines(request: NodeRequest): string[] {
  const { rawHeaders } = request;
  const lines: string[] = [];
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]!;
    if (name.length !== secTokenBinding.length) continue;
    // Most clients write it as the specification does.
    if (name === secTokenBinding || name.toLowerCase() === fieldName) lines.push(rawHeaders[i + 1]!);
  }
  if (lines.length > 0) checkWhole(request, secTokenBinding);
  return lines;
}
