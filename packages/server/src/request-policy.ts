import { TokenBindingError } from "@tokbind/codec";
import { isBoolean, type OptionRule } from "@tokbind/codec/options";
import { report, type RequestEvent } from "./diagnostics.ts";

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
 * The verdict on a request by this policy, told to whoever listens (diagnostics.ts).
 *
 * @param field - what a request without a proof lacks, for the error message
 * @param verify - throws for a refused proof, returns undefined for none
 */
export function applyPolicy<Verified extends RequestEvent["verified"]>(
  { required, onInvalid }: RequestPolicy,
  request: object,
  field: string,
  verify: () => { verified: Verified; fromMemory: boolean } | undefined,
): Verified | undefined {
  let found: ReturnType<typeof verify>;
  try {
    found = verify();
  } catch (error) {
    if (!(error instanceof TokenBindingError)) throw error;
    report.rejected(request, error);
    if (onInvalid !== "ignore" || error.status >= 500) throw error;
  }
  if (found !== undefined) {
    report.verified(request, found.verified, found.fromMemory);
    return found.verified;
  }
  report.missing(request);
  if (!required) return undefined;
  throw new TokenBindingError(
    "header_missing",
    `this server requires Token Binding: expected a valid ${field} field, got none`,
  );
}
