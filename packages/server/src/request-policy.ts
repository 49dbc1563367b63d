import { TokenBindingError } from "@tokbind/codec";
import { isBoolean, type OptionRule } from "@tokbind/codec/options";
import { report } from "./diagnostics.ts";
import type { NodeRequest } from "@tokbind/codec/node";

/** What a server does with requests that prove nothing, or prove it wrongly. */
export interface RequestPolicy {
  /** Refuse requests that prove no Token Binding. Default false: they are served as unbound. */
  readonly required?: boolean | undefined;
  /**
   * What to do with a request whose proof is refused. "reject", the default: `verify` throws, and the answer should be
   * 400. "ignore": the request has no Token Binding, so every bound token on it is refused.
   */
  readonly onInvalid?: "reject" | "ignore" | undefined;
}

export const requestPolicyRules = {
  required: isBoolean,
  onInvalid: {
    expected: '"reject" or "ignore"',
    test: (value: unknown) => value === "reject" || value === "ignore",
  },
} satisfies Record<string, OptionRule>;

/**
 * The verdict on a request by this policy. What is refused or missing is told to whoever listens (diagnostics.ts); what is
 * accepted `verify` tells itself.
 *
 * @param field - what a request without a proof lacks, for the error message
 * @param verify - throws for a refused proof, returns undefined for none
 */
export function applyPolicy<Verified>(
  { required, onInvalid }: RequestPolicy,
  request: NodeRequest,
  field: string,
  verify: (request: NodeRequest) => Verified | undefined,
): Verified | undefined {
  try {
    const verified = verify(request);
    if (verified !== undefined) return verified;
  } catch (error) {
    if (!(error instanceof TokenBindingError)) throw error;
    report.rejected(request, error);
    if (onInvalid !== "ignore" || error.status >= 500) throw error;
  }
  report.missing(request);
  if (!required) return undefined;
  throw new TokenBindingError(
    "header_missing",
    `this server requires Token Binding: expected a valid ${field} field, got none`,
  );
}
