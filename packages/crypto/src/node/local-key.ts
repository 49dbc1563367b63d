import { constants, type KeyObject, sign, type SignKeyObjectInput } from "node:crypto";
import { promisify } from "node:util";
import { type KeyParameters } from "@tokbind/codec";
import { type CheckedPrivateKey, privateMembers } from "../private-jwk.ts";
import { type KeyOptions, type TokenBindingKey } from "../types.ts";

/** How node:crypto signs and verifies for each of the key parameters, RFC 8471 section 3.3. */
export const schemes: Readonly<Record<KeyParameters, Omit<SignKeyObjectInput, "key">>> = {
  "rsa2048_pkcs1.5": { padding: constants.RSA_PKCS1_PADDING },
  // MGF1 uses the hash of the signature unless a key of type rsa-pss says otherwise; ours are of type rsa.
  rsa2048_pss: { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 },
  ecdsap256: { dsaEncoding: "ieee-p1363" },
};

// Off the event loop: an RSA signature takes about a millisecond.
const signInBackground = promisify(sign) as (
  algorithm: string,
  data: Uint8Array,
  input: SignKeyObjectInput,
) => Promise<Uint8Array>;

/** A key whose private half lives in this closure only. */
export function localKey(
  { keyParameters, id }: Pick<CheckedPrivateKey, "keyParameters" | "id">,
  privateKey: KeyObject,
  { extractable = false }: KeyOptions = {},
): TokenBindingKey {
  const input = { key: privateKey, ...schemes[keyParameters] };
  const key: TokenBindingKey = {
    keyParameters,
    id,
    sign: async (data) => new Uint8Array(await signInBackground("sha256", data, input)),
  };
  if (!extractable) return key;
  const jwk = () => privateMembers(privateKey.export({ format: "jwk" }), keyParameters);
  return { ...key, exportJwk: () => Promise.resolve(jwk()) };
}
