/** CRLReason of RFC 5280 section 5.3.1; without holds, which nobody here takes back. */
export const revocationReasons = {
  unspecified: 0,
  keyCompromise: 1,
  cACompromise: 2,
  affiliationChanged: 3,
  superseded: 4,
  cessationOfOperation: 5,
  privilegeWithdrawn: 9,
} as const;

/** Why a certificate is revoked, in the words of RFC 5280 section 5.3.1. */
export type RevocationReason = keyof typeof revocationReasons;
