import type { KeyParameters } from "@tokbind/codec";
import type { CheckedPublicKey } from "../check-public-key.ts";
import type { Jwk } from "../types.ts";

/**
 * What this package needs of a runtime. Everything public is written once, on top of it; the import `#backend`
 * (package.json) picks node.ts or portable.ts.
 */
export interface Backend {
  /** @returns 32 bytes */
  sha256(data: Uint8Array): Uint8Array;
  /** X then Y (64 bytes) of a private scalar of P-256 (32 bytes, 1 to n-1). */
  derivePoint(scalar: Uint8Array): Uint8Array;
  /** Makes a checked public key ready to verify with. */
  importPublicKey(key: CheckedPublicKey): VerifySignature;
  /** P-256, or RSA with 2048 bits and the exponent 65537. */
  generateKeyPair(keyParameters: KeyParameters, extractable: boolean): Promise<KeyPair>;
  /** Makes a private key ready to sign with. All that can be checked of its members has been. */
  importPrivateKey(jwk: Jwk, keyParameters: KeyParameters, extractable: boolean): Promise<PrivateKey>;
}

/** Verifies signatures of the length that RFC 8471 section 3.3 gives them; never throws for bytes. */
export type VerifySignature = (data: Uint8Array, signature: Uint8Array) => boolean;

/** A private key, held in closures only. */
export interface PrivateKey {
  /** Signs as RFC 8471 section 3.3 says. */
  sign(data: Uint8Array): Promise<Uint8Array>;
  /** The whole key pair. May reject unless the key was made extractable. */
  exportJwk(): Promise<Jwk>;
}

export interface KeyPair {
  readonly publicJwk: Jwk;
  readonly privateKey: PrivateKey;
}

/** The backend of this runtime: types of `#backend` are looked up here, so nothing shared depends on either. */
export declare const backend: Backend;
