// Keys of all three types in a PKCS#11 token, through OpenSC's pkcs11-tool; made there when they are missing.
//
//   PIN=… node pkcs11.js CERTIFICATE URL MODULE TOKEN

import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { buffer } from "node:stream/consumers";
import { importSpki } from "@tokbind/client";
import { logIn } from "./log-in.js";

/** @typedef {import("@tokbind/client").TokenBindingKey} TokenBindingKey */
/** @typedef {import("@tokbind/client").KeyParameters} KeyParameters */

const pss = ["--mgf", "MGF1-SHA256", "--salt-len", "32"];
const types = {
  ecdsap256: { keyType: "EC:prime256v1", sign: ["--mechanism", "ECDSA"] },
  "rsa2048_pkcs1.5": { keyType: "rsa:2048", sign: ["--mechanism", "SHA256-RSA-PKCS"] },
  rsa2048_pss: { keyType: "rsa:2048", sign: ["--mechanism", "SHA256-RSA-PKCS-PSS", ...pss] },
};

class Pkcs11KeyStore {
  /** @type {readonly KeyParameters[]} */
  keyParameters = ["ecdsap256", "rsa2048_pss", "rsa2048_pkcs1.5"];
  /** @type {Map<string, Promise<TokenBindingKey>>} */
  #keys = new Map();
  #token;

  /** @param {{ module: string, token: string }} options - the PIN is in the variable PIN, which other users cannot see */
  constructor({ module, token }) {
    this.#token = ["--module", module, "--token-label", token, "--login", "--pin", "env:PIN"];
  }

  /** @param {string} scope @param {KeyParameters} keyParameters */
  get(scope, keyParameters) {
    const label = `tokbind:${keyParameters}:${scope}`;
    let key = this.#keys.get(label);
    if (key === undefined) {
      key = this.#find(label, keyParameters);
      this.#keys.set(label, key);
      // A token that was not there may be there next time.
      key.catch(() => this.#keys.delete(label));
    }
    return key;
  }

  /** @param {string} scope */
  async delete(scope) {
    for (const keyParameters of this.keyParameters) {
      const label = `tokbind:${keyParameters}:${scope}`;
      this.#keys.delete(label);
      for (const type of ["privkey", "pubkey"]) {
        await this.#tool(["--delete-object", "--type", type, "--id", idOf(label)]).catch((error) => {
          if (!error.message.includes("object not found")) throw error;
        });
      }
    }
  }

  async clear() {
    throw new Error("a token may hold keys of others: delete those of a site");
  }

  /** @param {string} label @param {KeyParameters} keyParameters @returns {Promise<TokenBindingKey>} */
  async #find(label, keyParameters) {
    const { keyType, sign } = types[keyParameters];
    const names = ["--label", label, "--id", idOf(label)];
    const read = ["--read-object", "--type", "pubkey", "--id", idOf(label)];
    const publicKey = await this.#tool(read).catch(async () => {
      await this.#tool(["--keypairgen", "--key-type", keyType, ...names]);
      return this.#tool(read);
    });
    return {
      keyParameters,
      id: importSpki(publicKey, keyParameters),
      // ECDSA takes the digest and answers R and S; RSA hashes by itself.
      sign: (data) =>
        this.#tool(
          ["--sign", ...sign, "--id", idOf(label)],
          keyParameters === "ecdsap256" ? createHash("sha256").update(data).digest() : data,
        ),
    };
  }

  /** @param {readonly string[]} args @param {Uint8Array} [input] */
  async #tool(args, input) {
    const child = spawn("pkcs11-tool", [...this.#token, ...args]);
    child.stdin.on("error", () => {}).end(input);
    const [output, errors, [code]] = await Promise.all([
      buffer(child.stdout),
      buffer(child.stderr),
      once(child, "close"),
    ]);
    if (code !== 0 || errors.includes("error: object not found"))
      throw new Error(`pkcs11-tool: ${errors.toString().trim()}`);
    return output;
  }
}

/** @param {string} label */
function idOf(label) {
  return createHash("sha256").update(label).digest("hex").slice(0, 40);
}

const [, , module = "", token = ""] = process.argv.slice(2);
await logIn(new Pkcs11KeyStore({ module, token }));
