import type { KeyParameters, TokenBindingID } from "@tokbind/codec";

/**
 * A key pair of one of the three types. The private half stays inside: the object can sign with it, and hands
 * it out only when it was made extractable. A key in hardware takes part by implementing this interface.
 */
export interface TokenBindingKey {
  /** The key's type, and with RSA the scheme that it signs with (RFC 8471 section 3). */
  readonly keyParameters: KeyParameters;
  /** The public half, as it stands on the wire (RFC 8471 section 3.2). */
  readonly id: TokenBindingID;
  /** Signs as RFC 8471 section 3.3 says: 64 bytes R then S for ecdsap256, 256 bytes for RSA. */
  sign(data: Uint8Array): Promise<Uint8Array>;
  /** The whole key pair; absent when the key is not extractable. */
  readonly exportJwk?: (() => Promise<Jwk>) | undefined;
}

/** A checked public key, ready to verify with. Import once, verify often. */
export interface TokenBindingPublicKeyHandle {
  /** The key's type, and with RSA the scheme that it verifies (RFC 8471 section 3). */
  readonly keyParameters: KeyParameters;
  /**
   * True for a good signature, false for any other bytes of any length.
   *
   * @throws TokenBindingError `invalid_argument` for arguments that are not bytes
   */
  readonly verify: (data: Uint8Array, signature: Uint8Array) => boolean;
}

/**
 * Verifies an ECDSA signature with P-256 and SHA-256: of a point (X then Y, 64 bytes) that is on the curve, over any data,
 * the signature 64 bytes, R then S. True for a good one, false for any other.
 */
export type VerifyP256 = (point: Uint8Array, data: Uint8Array, signature: Uint8Array) => boolean;

/** What may be done with a private key. */
export interface KeyOptions {
  /**
   * Whether the private half may leave the key again. False unless set: RFC 8471 section 4.1 requires keys that
   * cannot be exported.
   */
  readonly extractable?: boolean | undefined;
}

/** The members of a JSON Web Key (RFC 7517, RFC 7518 section 6) that are written here, or looked at. */
export interface Jwk {
  kty?: string;
  /** ES256, RS256 or PS256 for ecdsap256, rsa2048_pkcs1.5 and rsa2048_pss. Optional, but must fit if given. */
  alg?: string;
  crv?: string;
  x?: string;
  y?: string;
  n?: string;
  e?: string;
  d?: string;
  p?: string;
  q?: string;
  dp?: string;
  dq?: string;
  qi?: string;
}
