import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { type KeyParameters, TokenBindingError } from "@tokbind/codec";
import { expect } from "vitest";
import type { Jwk } from "../src/types.ts";

// Keys that no code of this package made or wrote.
export const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
export const otherRsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
export const rsa1024 = generateKeyPairSync("rsa", { modulusLength: 1024 });
export const rsa3072 = generateKeyPairSync("rsa", { modulusLength: 3072 });
export const rsaPss = generateKeyPairSync("rsa-pss", { modulusLength: 2048 });
export const ec = generateKeyPairSync("ec", { namedCurve: "P-256" });
export const otherEc = generateKeyPairSync("ec", { namedCurve: "P-256" });
export const p384 = generateKeyPairSync("ec", { namedCurve: "P-384" });
export const k256 = generateKeyPairSync("ec", { namedCurve: "secp256k1" });
export const ed25519 = generateKeyPairSync("ed25519");

export const der = (key: KeyObject, type: "pkcs8" | "spki" | "pkcs1" | "sec1") =>
  new Uint8Array(key.export({ format: "der", type } as { format: "der"; type: "pkcs8" }));
export const pem = (key: KeyObject, type: "pkcs8" | "spki" | "pkcs1" | "sec1") =>
  key.export({ format: "pem", type } as { format: "pem"; type: "pkcs8" }) as string;
export const jwk = (key: KeyObject) => key.export({ format: "jwk" }) as Jwk;
export const without = (key: Jwk, name: keyof Jwk): Jwk => {
  const rest = { ...key };
  // eslint-disable-next-line @typescript-eslint/no-dynamic-delete
  delete rest[name];
  return rest;
};
export const change = (old: Uint8Array, at: number, byte: number) =>
  old.map((kept, i) => (i === at ? byte : kept));
export const zero = Uint8Array.of(0);

export const ecSpki = der(ec.publicKey, "spki");
export const rsaSpki = der(rsa.publicKey, "spki");
export const ecPkcs8 = der(ec.privateKey, "pkcs8");
export const rsaPkcs8 = der(rsa.privateKey, "pkcs8");
export const ecJwk = jwk(ec.privateKey);
export const rsaJwk = jwk(rsa.privateKey);

export function encryptedPem(): string {
  return ec.privateKey.export({
    format: "pem",
    type: "pkcs8",
    cipher: "aes-256-cbc",
    passphrase: "x",
  }) as string;
}

/** Inputs that an import has to refuse, with what they are given as. */
export type Refused<Input> = readonly (readonly [name: string, input: Input, keyParameters: KeyParameters])[];

const secrets = [rsa, otherRsa, rsa1024, rsa3072, ec, otherEc].flatMap(({ privateKey }) => {
  const { d, p, q, dp, dq, qi } = jwk(privateKey);
  return [d, p, q, dp, dq, qi].filter((member) => member !== undefined);
});

/** The right class and code, in words, and nothing of a private key in it or in its causes. */
export function expectKeyImport(error: unknown): void {
  expect(error).toBeInstanceOf(TokenBindingError);
  expect(error).toMatchObject({ code: "key_import" });
  for (let at: unknown = error; at instanceof Error; at = at.cause) {
    const text = `${at.message} ${at.stack ?? ""}`;
    for (const secret of secrets) {
      expect(text).not.toContain(secret.slice(0, 12));
      expect(text).not.toContain(Buffer.from(secret, "base64url").toString("hex").slice(0, 16));
    }
  }
  expect((error as Error).message).toMatch(/expected /);
}

export function thrownBy(act: () => unknown): unknown {
  try {
    act();
  } catch (error) {
    return error;
  }
  throw new Error("nothing was thrown");
}

export async function rejectedBy(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => {
      throw new Error("nothing was thrown");
    },
    (error: unknown) => error,
  );
}
