import { TokenBindingError } from "@tokbind/codec";
import { ecdsaSigValue } from "./backend/ecdsa-sig-value.ts";
import { checkBytes } from "./check-arguments.ts";
import { isScalar } from "./check-private-jwk.ts";
import { equal, withoutLeadingZeros } from "./numbers.ts";

const maxLength = 72;

/**
 * The signature of RFC 8471 section 3.3 in an Ecdsa-Sig-Value (RFC 3279 section 2.2.3), the DER that key management
 * services, TPM tools and OpenSSL sign with. For the `sign` of a {@link TokenBindingKey} over one of them.
 *
 * @param der - 8 to 72 bytes of an ECDSA signature on P-256, in DER and nothing after it
 * @returns 64 bytes, R then S
 * @throws TokenBindingError `key_store` for any other bytes, `invalid_argument` for what is no bytes
 * @example
 * const sign = async (data) => decodeEcdsaSigValue(await kms.sign(sha256(data)));
 */
export function decodeEcdsaSigValue(der: Uint8Array): Uint8Array {
  checkBytes("Ecdsa-Sig-Value", der);
  if (der.length <= maxLength) {
    const end = 4 + (der[3] ?? 0);
    const [r, s] = [der.subarray(4, end), der.subarray(end + 2)].map(withoutLeadingZeros);
    if (r!.length <= 32 && s!.length <= 32) {
      const signature = new Uint8Array(64);
      signature.set(r!, 32 - r!.length);
      signature.set(s!, 64 - s!.length);
      const isInRange = isScalar(signature.subarray(0, 32)) && isScalar(signature.subarray(32));
      // There is one encoding in DER, so everything that was not looked at is right when this is.
      if (isInRange && equal(ecdsaSigValue(signature), der)) return signature;
    }
  }
  throw new TokenBindingError(
    "key_store",
    `Ecdsa-Sig-Value: expected DER of two numbers from 1 to n-1 of P-256, got ${der.length} other bytes`,
  );
}
