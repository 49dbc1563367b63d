/**
 * Names and numbers that the specifications register.
 *
 * @module
 */

import { described } from "./described.ts";
import { TokenBindingError } from "./errors.ts";

/** Names of the TokenBindingKeyParameters registry, RFC 8471 section 6.1. */
export type KeyParameters = "rsa2048_pkcs1.5" | "rsa2048_pss" | "ecdsap256";

/** TokenBindingKeyParameters: name to the 1-byte code on the wire, RFC 8471 section 3. */
export const keyParametersCodes: Readonly<Record<KeyParameters, number>> = {
  "rsa2048_pkcs1.5": 0,
  rsa2048_pss: 1,
  ecdsap256: 2,
};

const keyParametersNames: readonly KeyParameters[] = ["rsa2048_pkcs1.5", "rsa2048_pss", "ecdsap256"];

/** All of them, most preferred first: what is offered and accepted unless an application says otherwise. */
export const defaultKeyParameters: readonly KeyParameters[] = ["ecdsap256", "rsa2048_pss", "rsa2048_pkcs1.5"];

/** Whether a value is the name of registered key parameters. */
export function isKeyParameters(value: unknown): value is KeyParameters {
  return keyParametersNames.includes(value as KeyParameters);
}

/**
 * Refuses names of key parameters that only a caller without types can give.
 *
 * @throws TokenBindingError `invalid_argument`
 */
export function checkKeyParameters(value: unknown): asserts value is KeyParameters {
  if (isKeyParameters(value)) return;
  throw new TokenBindingError(
    "invalid_argument",
    `key parameters: expected ${keyParametersNames.join(", ")}, got ${described(value)}`,
  );
}

/**
 * Refuses anything but a list of one to three different names of key parameters.
 *
 * @throws TokenBindingError `invalid_argument`
 */
export function checkKeyParametersList(list: unknown): asserts list is readonly KeyParameters[] {
  if (Array.isArray(list)) {
    list.forEach(checkKeyParameters);
    if (list.length > 0 && new Set(list).size === list.length) return;
  }
  throw new TokenBindingError(
    "invalid_argument",
    `keyParameters: expected a list of at least one name and none twice, got ${described(list)}`,
  );
}

/**
 * The registered name of a TokenBindingKeyParameters code.
 *
 * @param code - 1-byte code from the wire, 0 to 255
 * @returns the name, or undefined for an unassigned code
 */
export function keyParametersName(code: number): KeyParameters | undefined {
  return keyParametersNames[code];
}

/** TokenBindingType: name to the 1-byte code on the wire, RFC 8471 section 3.1. */
export const tokenBindingTypes = { provided: 0, referred: 1 } as const;

//
/** ProtocolVersion of RFC 8472 section 2: two bytes, ordered as one 16-bit number. */
export interface ProtocolVersion {
  readonly major: number;
  readonly minor: number;
}

/** The Token Binding protocol version of RFC 8471 section 2: 1.0, on the wire 01 00. */
export const tokenBindingVersion: ProtocolVersion = { major: 1, minor: 0 };

/** Number of the token_binding TLS extension, RFC 8472 section 5. */
export const tokenBindingExtensionType = 24;

//
/** Exporter label of the EKM, RFC 8471 section 3.3. It is used without a context. */
export const exporterLabel = "EXPORTER-Token-Binding";

/** Length of the EKM in bytes, RFC 8471 section 3.3. */
export const ekmLength = 32;

/** Header fields of RFC 8473 sections 2 and 5.3. */
export const secTokenBinding = "Sec-Token-Binding";
/** Response field of a Token Consumer that asks for the referred binding, RFC 8473 section 5.3. */
export const includeReferredTokenBindingId = "Include-Referred-Token-Binding-ID";
