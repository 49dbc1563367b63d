import { backend } from "#backend";
import { type KeyParameters, TokenBindingError } from "@tokbind/codec";
import { isExtractable } from "./check-arguments.ts";
import { checkPrivateJwk } from "./check-private-jwk.ts";
import { checkKey } from "./key-parameters.ts";
import { LocalKey } from "./local-key.ts";
import type { Jwk, KeyOptions, TokenBindingKey } from "./types.ts";

/**
 * The private key as a JSON Web Key, RFC 7518 section 6.
 *
 * @returns `kty`, `alg` and `crv`, `x`, `y`, `d` or `n`, `e`, `d`, `p`, `q`, `dp`, `dq`, `qi`
 * @throws TokenBindingError `invalid_argument` when the key is not extractable
 * @example
 * const key = await generateKey("ecdsap256", { extractable: true });
 * const jwk = await exportPrivateJwk(key);
 */
export async function exportPrivateJwk(key: TokenBindingKey): Promise<Jwk> {
  checkKey(key);
  if (key.exportJwk !== undefined) return key.exportJwk();
  throw new TokenBindingError(
    "invalid_argument",
    "key: expected an extractable one, got one that is not; make or import it with { extractable: true }",
  );
}

/**
 * Reads a private key from a JSON Web Key, RFC 7518 section 6.
 *
 * @param jwk - an RSA key of 2048 bits with its primes, or an EC key on P-256; `alg`, if given, must fit
 * @param keyParameters - what the key is to be used for; an RSA key serves either RSA scheme. What `alg` says
 *   when left out
 * @param options - not extractable unless asked for
 * @throws TokenBindingError `key_import` when it is no such key or its parts do not belong together;
 *   `invalid_argument` for unknown key parameters or options; `unsupported_runtime` in a runtime other than Node
 *   without WebCrypto. No message or cause shows a part of the key
 * @example
 * const key = await importPrivateJwk(JSON.parse(text), "ecdsap256");
 */
export async function importPrivateJwk(
  jwk: Jwk,
  keyParameters?: KeyParameters,
  options?: KeyOptions,
): Promise<TokenBindingKey> {
  const extractable = isExtractable(options);
  const checked = checkPrivateJwk(jwk, keyParameters);
  return new LocalKey(checked, await importChecked(checked, extractable), extractable);
}

async function importChecked(
  { jwk, keyParameters }: ReturnType<typeof checkPrivateJwk>,
  extractable: boolean,
): ReturnType<typeof backend.importPrivateKey> {
  try {
    return await backend.importPrivateKey(jwk, keyParameters, extractable);
  } catch (error) {
    if (error instanceof TokenBindingError) throw error;
    // Without the cause: what a runtime says of a key may quote it.
    throw new TokenBindingError(
      "key_import",
      `private key for ${keyParameters}: expected one that this runtime takes, got one that it refuses`,
    );
  }
}
