import { type KeyParameters } from "@tokbind/codec";
import { signatureLengths } from "./key-parameters.ts";
import { type TokenBindingPublicKeyHandle } from "./types.ts";

/**
 * Verifies a signature of RFC 8471 section 3.3 over any data, synchronously. For a TokenBinding the data are
 * the 34 bytes of `signedData`.
 *
 * @param publicKey - from {@link importPublicKey}
 * @param data - any number of bytes; hashed once, with SHA-256
 * @param signature - 64 bytes R then S for ecdsap256 (never DER, high S allowed), 256 bytes for RSA
 * @returns true for a good signature, false for any other bytes of any length; hostile input never throws
 * @example
 * const publicKey = importPublicKey(binding.id);
 * const good = verify(publicKey, signedData(binding.type, binding.id.keyParameters, ekm), binding.signature);
 */
export function verify(
  publicKey: TokenBindingPublicKeyHandle,
  data: Uint8Array,
  signature: Uint8Array,
): boolean {
  return publicKey.verify(data, signature);
}

/** A public key whose `verify` sees only signatures of the length that RFC 8471 section 3.3 gives them. */
export function publicKeyHandle(
  keyParameters: KeyParameters,
  verify: TokenBindingPublicKeyHandle["verify"],
): TokenBindingPublicKeyHandle {
  const length = signatureLengths[keyParameters];
  return {
    keyParameters,
    verify: (data, signature) => signature.length === length && verify(data, signature),
  };
}
