import type { TokenBindingErrorCode } from "@tokbind/codec";

/** The rows of docs/register/requirements.md and docs/register/decisions.md that a refused message breaks, by error code. */
const requirements: Partial<Record<TokenBindingErrorCode, readonly string[]>> = {
  base64url_character: ["TBH-2-04", "A-10"],
  base64url_length: ["TBH-2-04", "A-10"],
  base64url_unused_bits: ["A-10"],
  empty_message: ["TBP-4.2-06"],
  truncated: ["TBP-3-20", "A-08"],
  trailing_bytes: ["TBP-3-20", "A-08"],
  length_out_of_range: ["TBP-3-11", "A-07"],
  provided_missing: ["TBH-2-09", "A-12"],
  provided_repeated: ["TBH-2-09", "A-12"],
  referred_repeated: ["TBH-2-11", "A-13"],
  key_parameters_mismatch: ["TBP-4.2-03", "TBP-4.2-04"],
  key_invalid: ["TBP-3.2-05", "A-09"],
  signature_invalid: ["TBP-4.2-07", "A-01"],
};

/** Where the field that broke has a row of its own. */
const fieldRequirements: Readonly<Record<string, readonly string[]>> = {
  "TokenBindingMessage.tokenbindings": ["TBP-3-10", "A-07"],
  "RSAPublicKey.modulus": ["TBP-3-16"],
  "RSAPublicKey.publicexponent": ["TBP-3-16"],
  "TB_ECPoint.point": ["TBP-3-17"],
  "TB_Extension.extension_data": ["TBP-3-18", "A-06"],
};

/** Ids of the requirements behind an error; none for limits, which are ours. */
export function requirementsOf(code: TokenBindingErrorCode, field?: string): readonly string[] {
  const byField = code === "length_out_of_range" ? fieldRequirements[field ?? ""] : undefined;
  return byField ?? requirements[code] ?? [];
}
