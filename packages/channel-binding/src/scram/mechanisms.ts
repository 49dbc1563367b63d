/** The SCRAM mechanisms (RFC 5802, RFC 7677, draft-melnikov-scram-sha-512), each without and with channel binding. */
export type ScramMechanism =
  | "SCRAM-SHA-1"
  | "SCRAM-SHA-1-PLUS"
  | "SCRAM-SHA-256"
  | "SCRAM-SHA-256-PLUS"
  | "SCRAM-SHA-512"
  | "SCRAM-SHA-512-PLUS";

/** What a mechanism's name says. */
export interface Mechanism {
  readonly name: ScramMechanism;
  /** OpenSSL's name. */
  readonly hash: "sha1" | "sha256" | "sha512";
  /** Whether it ends in -PLUS: the login is bound to its channel. */
  readonly isPlus: boolean;
}

/** Most preferred first: a channel binding counts more than a longer hash. */
export const mechanisms: readonly Mechanism[] = [
  { name: "SCRAM-SHA-512-PLUS", hash: "sha512", isPlus: true },
  { name: "SCRAM-SHA-256-PLUS", hash: "sha256", isPlus: true },
  { name: "SCRAM-SHA-1-PLUS", hash: "sha1", isPlus: true },
  { name: "SCRAM-SHA-512", hash: "sha512", isPlus: false },
  { name: "SCRAM-SHA-256", hash: "sha256", isPlus: false },
  { name: "SCRAM-SHA-1", hash: "sha1", isPlus: false },
];

export const scramNames = mechanisms.map(({ name }) => name).join(", ");
