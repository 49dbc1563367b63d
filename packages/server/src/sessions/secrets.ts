import { createHmac, createSecretKey, type KeyObject, timingSafeEqual } from "node:crypto";
import type { OptionRule } from "@tokbind/codec/options";
import type { CryptoKey } from "jose";

/** Several secrets of at least 32 bytes each. */
export const isSecrets: OptionRule = {
  required: true,
  expected: "an array of one or more Uint8Arrays of at least 32 bytes",
  test: (value) =>
    Array.isArray(value) &&
    value.length > 0 &&
    Array.from(value).every((secret) => secret instanceof Uint8Array && secret.length >= 32),
};

/** Length of an HMAC-SHA-256 in base64url. */
export const macLength = 43;

/** HMAC-SHA-256 with several secrets: the first signs, all verify, so that a secret can be replaced in use. */
export class Secrets {
  readonly #keys: readonly KeyObject[];
  #signingKey: Promise<CryptoKey> | undefined;

  /** @param secrets - as {@link isSecrets} demands; copies are kept */
  constructor(secrets: readonly Uint8Array[]) {
    this.#keys = secrets.map((secret) => createSecretKey(secret));
  }

  /** The first secret for jose, imported once. */
  signingKey(): Promise<CryptoKey> {
    const algorithm = { name: "HMAC", hash: "SHA-256" };
    return (this.#signingKey ??= crypto.subtle.importKey("raw", this.#keys[0]!.export(), algorithm, false, [
      "sign",
    ]));
  }

  /** @returns base64url, 43 characters */
  sign(text: string): string {
    return mac(this.#keys[0]!, text);
  }

  /** Compares texts, and in constant time: bits that base64url does not use and padding make another MAC. */
  isSigned(text: string, signature: string): boolean {
    const given = Buffer.from(signature);
    return this.#keys.some((key) => {
      const expected = Buffer.from(mac(key, text));
      return given.length === expected.length && timingSafeEqual(given, expected);
    });
  }
}

function mac(key: KeyObject, text: string): string {
  return createHmac("sha256", key).update(text).digest("base64url");
}
