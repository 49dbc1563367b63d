import { randomBytes } from "node:crypto";
import { TokenBindingError } from "@tokbind/codec";
import { described } from "@tokbind/codec/options";
import {
  clientKey,
  digest,
  isIterationCount,
  maximumIterations,
  minimumIterations,
  saltedPassword,
  serverKey,
} from "./keys.ts";
import { mechanisms, type ScramMechanism, scramNames } from "./mechanisms.ts";
import { prepared } from "./prepared.ts";

/** What a server keeps of a password (RFC 5802 section 3). Whoever has it can act as the server, not as the user. */
export interface ScramCredentials {
  /** At least one byte. */
  readonly salt: Uint8Array;
  /** 4,096 to 2,000,000. */
  readonly iterations: number;
  /** As long as the mechanism's hash. */
  readonly storedKey: Uint8Array;
  /** As long as the mechanism's hash. */
  readonly serverKey: Uint8Array;
}

/** RFC 7677 section 4 asks for 4,096 at least, and for more than that where it is affordable. */
export const defaultIterations = 4096;

/** In bytes. */
export const saltLength = 16;

/**
 * Makes what a server keeps of a password, with a salt of 16 random bytes. Each hash has credentials of its own; a
 * mechanism shares them with its -PLUS form.
 *
 * @param iterations 4,096 to 2,000,000, default 4,096; all users of a server should have the same number
 * @throws TokenBindingError `invalid_argument`, also for a password that SASLprep (RFC 4013) forbids
 * @example
 * ```ts
 * users.set("alice", await createScramCredentials("SCRAM-SHA-256", password));
 * ```
 */
export async function createScramCredentials(
  mechanism: ScramMechanism,
  password: string,
  iterations: number = defaultIterations,
): Promise<ScramCredentials> {
  const known = mechanisms.find(({ name }) => name === mechanism);
  if (known === undefined) {
    throw new TokenBindingError(
      "invalid_argument",
      `expected one of ${scramNames}, got ${described(mechanism)}`,
    );
  }
  if (!isIterationCount(iterations)) {
    throw new TokenBindingError(
      "invalid_argument",
      `expected ${minimumIterations} to ${maximumIterations} iterations, got ${described(iterations)}`,
    );
  }
  const { hash } = known;
  const salt = randomBytes(saltLength);
  const salted = await saltedPassword(hash, prepared(password, "password"), salt, iterations);
  return {
    salt,
    iterations,
    storedKey: digest(hash, clientKey(hash, salted)),
    serverKey: serverKey(hash, salted),
  };
}
