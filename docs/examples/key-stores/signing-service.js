// A key of somebody who signs and answers in DER, as services in a cloud and TPMs do: here the command openssl.
//
//   node signing-service.js CERTIFICATE [URL]

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { decodeEcdsaSigValue, importSpki } from "@tokbind/client";
import { logIn } from "./log-in.js";

/** @param {readonly string[]} args @param {Uint8Array} [input] */
async function openssl(args, input) {
  const child = spawn("openssl", args, { stdio: ["pipe", "pipe", "inherit"] });
  child.stdin.end(input);
  const [output, [code]] = await Promise.all([buffer(child.stdout), once(child, "close")]);
  if (code !== 0) throw new Error(`openssl: exit code ${code}`);
  return output;
}

const directory = await mkdtemp(join(tmpdir(), "signing-service-"));
const file = join(directory, "key.pem");
await openssl(["ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", file]);
const publicKey = await openssl(["ec", "-in", file, "-pubout", "-outform", "DER"]);

// #region key
/** @type {import("@tokbind/client").TokenBindingKey} */
const key = {
  keyParameters: "ecdsap256",
  id: importSpki(publicKey, "ecdsap256"),
  sign: async (data) => decodeEcdsaSigValue(await openssl(["dgst", "-sha256", "-sign", file], data)),
};

/** @type {import("@tokbind/client").TokenBindingKeyStore} */
const keyStore = {
  keyParameters: ["ecdsap256"],
  get: async (scope) => {
    if (scope === "localhost") return key;
    throw new Error(`the service has no key for ${scope}`);
  },
  delete: async () => {},
  clear: async () => {},
};
// #endregion

try {
  await logIn(keyStore);
} finally {
  await rm(directory, { recursive: true });
}
