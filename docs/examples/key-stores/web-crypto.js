// Keys of WebCrypto that cannot be extracted, for the life of the process.
//
//   node web-crypto.js CERTIFICATE [URL]

import { logIn } from "./log-in.js";
// #region imports
import { importCryptoKeyPair } from "@tokbind/client";
// #endregion

/** @typedef {import("@tokbind/client").TokenBindingKeyStore} TokenBindingKeyStore */

// #region web-crypto
/** @implements {TokenBindingKeyStore} */
class WebCryptoKeyStore {
  keyParameters = /** @type {const} */ (["ecdsap256"]);
  /** @type {Map<string, Promise<import("@tokbind/client").TokenBindingKey>>} */
  #keys = new Map();

  /** @param {string} scope */
  get(scope) {
    const key = this.#keys.get(scope) ?? makeKey();
    this.#keys.set(scope, key);
    return key;
  }

  /** @param {string} scope */
  async delete(scope) {
    this.#keys.delete(scope);
  }

  async clear() {
    this.#keys.clear();
  }
}

async function makeKey() {
  const algorithm = { name: "ECDSA", namedCurve: "P-256" };
  return importCryptoKeyPair(await crypto.subtle.generateKey(algorithm, false, ["sign"]));
}
// #endregion
await logIn(new WebCryptoKeyStore());
