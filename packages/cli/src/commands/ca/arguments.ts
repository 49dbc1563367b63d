import type { CertificateProfile, RevocationReason } from "@tokbind/ca";
import { InvalidArgumentError } from "commander";

const profiles: readonly CertificateProfile[] = ["server", "user", "device", "service"];
const reasons: readonly RevocationReason[] = [
  "unspecified",
  "keyCompromise",
  "cACompromise",
  "affiliationChanged",
  "superseded",
  "cessationOfOperation",
  "privilegeWithdrawn",
];

export function parseProfile(value: string): CertificateProfile {
  return oneOf(profiles, value);
}

export function parseReason(value: string): RevocationReason {
  return oneOf(reasons, value);
}

function oneOf<T extends string>(values: readonly T[], value: string): T {
  const found = values.find((one) => one === value);
  if (found !== undefined) return found;
  throw new InvalidArgumentError(`expected one of ${values.join(", ")}.`);
}

export function parseDays(value: string): number {
  if (/^[1-9]\d{0,3}$/.test(value)) return Number(value);
  throw new InvalidArgumentError("expected a number of days.");
}

/** An option that may be repeated. */
export function parseList(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}
