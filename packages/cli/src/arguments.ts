import { readFileSync } from "node:fs";
import { ekmLength, type KeyParameters, keyParametersCodes } from "@tokbind/codec";
import { InvalidArgumentError } from "commander";

const names = Object.keys(keyParametersCodes) as KeyParameters[];

export function isKeyParameters(value: unknown): value is KeyParameters {
  return names.includes(value as KeyParameters);
}

export function parseKeyParameters(value: string): KeyParameters {
  if (isKeyParameters(value)) return value;
  throw new InvalidArgumentError(`expected one of ${names.join(", ")}.`);
}

export function parseKeyParametersList(value: string): KeyParameters[] {
  return value.split(",").map(parseKeyParameters);
}

/** The 32 bytes of an EKM in hex, undefined when the text is anything else. */
export function ekmFromHex(value: unknown): Uint8Array | undefined {
  if (typeof value !== "string" || !/^[0-9a-f]{64}$/i.test(value)) return undefined;
  return Uint8Array.from(Buffer.from(value, "hex"));
}

export function parseEkm(value: string): Uint8Array {
  const ekm = ekmFromHex(value);
  if (ekm !== undefined) return ekm;
  throw new InvalidArgumentError(
    `expected ${ekmLength * 2} hex digits (${ekmLength} bytes), got ${value.length}.`,
  );
}

/** A message given as an argument, or on standard input for `-`. */
export function readMessage(argument: string): string {
  return argument === "-" ? readFileSync(0, "utf8").trim() : argument;
}
