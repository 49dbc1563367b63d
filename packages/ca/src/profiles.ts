import { invalid } from "./errors.ts";
import type { CheckedNames } from "./names.ts";

/** What a certificate is for; it is good for nothing else. */
export type CertificateProfile = "server" | "user" | "device" | "service";

interface Profile {
  /** id-kp of RFC 5280 section 4.2.1.12. */
  readonly extendedKeyUsage: readonly string[];
  /** How long a certificate lives when nothing else is ordered. */
  readonly days: number;
  /** Names that it must have, in the words of an error message, and how to tell. */
  readonly expected: string;
  readonly fits: (names: CheckedNames) => boolean;
}

const serverAuth = "1.3.6.1.5.5.7.3.1";
const clientAuth = "1.3.6.1.5.5.7.3.2";
const hasHost = ({ dns, ip }: CheckedNames) => dns.length + ip.length > 0;

export const profiles: Readonly<Record<CertificateProfile, Profile>> = {
  server: {
    extendedKeyUsage: [serverAuth],
    days: 90,
    expected: "dns or ip, and neither email, uri nor upn",
    fits: (names) => hasHost(names) && !names.email && !names.uri && !names.upn,
  },
  user: {
    extendedKeyUsage: [clientAuth],
    days: 30,
    expected: "email, perhaps upn, and neither dns, ip nor uri",
    fits: (names) => !!names.email && !hasHost(names) && !names.uri,
  },
  device: {
    extendedKeyUsage: [clientAuth],
    days: 30,
    expected: "uri, and neither dns, ip, email nor upn",
    fits: (names) => !!names.uri && !hasHost(names) && !names.email && !names.upn,
  },
  service: {
    extendedKeyUsage: [serverAuth, clientAuth],
    days: 7,
    expected: "uri, perhaps dns and ip, and neither email nor upn",
    fits: (names) => !!names.uri && !names.email && !names.upn,
  },
};

export const profileNames = Object.keys(profiles) as CertificateProfile[];

/** @throws TokenBindingError `invalid_argument` when a profile does not go with these names */
export function checkProfile(profile: CertificateProfile, names: CheckedNames): void {
  const { expected, fits } = profiles[profile];
  if (fits(names)) return;
  const given = Object.entries(names).filter(([, value]) => (value as string | readonly string[]).length > 0);
  const got = given.map(([field]) => field).join(", ");
  throw invalid(`a ${profile} certificate: expected ${expected}, got ${got === "" ? "no names" : got}`);
}

export function isProfile(value: unknown): value is CertificateProfile {
  return profileNames.some((name) => name === value);
}
