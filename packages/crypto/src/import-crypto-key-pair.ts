import { type KeyParameters, TokenBindingError, type TokenBindingID } from "@tokbind/codec";
import { described } from "@tokbind/codec/options";
import { importPublicJwk } from "./public-jwk.ts";
import type { Jwk, TokenBindingKey } from "./types.ts";

/** A CryptoKey of WebCrypto, of any runtime. */
export interface WebCryptoKey {
  readonly algorithm: { readonly name: string };
}

/** A CryptoKeyPair of WebCrypto. The private half need not be extractable. */
export interface WebCryptoKeyPair {
  readonly publicKey: WebCryptoKey;
  readonly privateKey: WebCryptoKey;
}

// The part of SubtleCrypto that is used; this file is compiled for every runtime.
interface Subtle {
  exportKey(format: "jwk", key: WebCryptoKey): Promise<Jwk>;
  sign(algorithm: object, key: WebCryptoKey, data: Uint8Array): Promise<ArrayBuffer>;
}

/** Which of the key parameters (RFC 8471 section 3) an algorithm of WebCrypto with SHA-256 is. */
const uses = new Map<unknown, KeyParameters>([
  ["ECDSA", "ecdsap256"],
  ["RSASSA-PKCS1-v1_5", "rsa2048_pkcs1.5"],
  ["RSA-PSS", "rsa2048_pss"],
]);

/**
 * A key pair of WebCrypto as a key to sign with. The private half is never read: `extractable: false` stays what it is
 * (RFC 8471 section 4.1).
 *
 * @param pair - ECDSA on P-256, or RSASSA-PKCS1-v1_5 or RSA-PSS with 2048 bits and SHA-256; the private half with the
 *   usage `sign`
 * @throws TokenBindingError `key_import` for any other pair, `unsupported_runtime` in a runtime without WebCrypto
 * @example
 * const algorithm = { name: "ECDSA", namedCurve: "P-256" };
 * const key = await importCryptoKeyPair(await crypto.subtle.generateKey(algorithm, false, ["sign"]));
 */
export async function importCryptoKeyPair(pair: WebCryptoKeyPair): Promise<TokenBindingKey> {
  const { publicKey, privateKey } = Object(pair) as Partial<WebCryptoKeyPair>;
  checkHalf("public", publicKey);
  checkHalf("private", privateKey);
  const { algorithm } = privateKey;
  const keyParameters = uses.get(algorithm.name);
  const { hash } = algorithm as { readonly hash?: { readonly name: string } };
  const isFit = keyParameters === "ecdsap256" || hash?.name === "SHA-256";
  if (keyParameters === undefined || !isFit || publicKey.algorithm.name !== algorithm.name) {
    throw invalid("an algorithm of RFC 8471 with SHA-256", described(algorithm.name));
  }
  const id = await idOf(publicKey, keyParameters);
  // Used where they fit only; the hash of an RSA key is fixed.
  const parameters = { name: algorithm.name, hash: "SHA-256", saltLength: 32 };
  return {
    keyParameters,
    id,
    sign: async (data) => new Uint8Array(await subtle().sign(parameters, privateKey, data)),
  };
}

function checkHalf(type: "public" | "private", key: unknown): asserts key is WebCryptoKey {
  const { type: got, algorithm } = (key ?? {}) as { type?: unknown } & Partial<WebCryptoKey>;
  if (got === type && typeof algorithm?.name === "string") return;
  throw invalid(`a ${type}Key`, described(key));
}

async function idOf(publicKey: WebCryptoKey, keyParameters: KeyParameters): Promise<TokenBindingID> {
  let jwk: Jwk;
  try {
    jwk = await subtle().exportKey("jwk", publicKey);
  } catch (error) {
    if (error instanceof TokenBindingError) throw error;
    throw invalid("a public half that can be exported", (error as Error).message);
  }
  return importPublicJwk(jwk, keyParameters);
}

function subtle(): Subtle {
  const found = (globalThis as { crypto?: { subtle?: Subtle } }).crypto?.subtle;
  if (found !== undefined) return found;
  throw new TokenBindingError("unsupported_runtime", "expected WebCrypto (crypto.subtle), got none");
}

function invalid(expected: string, got: string): TokenBindingError {
  return new TokenBindingError("key_import", `CryptoKeyPair: expected ${expected}, got ${got}`);
}
