import {
  createCipheriv,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  scrypt,
} from "node:crypto";
import { TokenBindingError } from "@tokbind/codec";
import { integer, octetString, oid, sequence } from "./der.ts";
import { encodePem } from "./pem.ts";

/** A new P-256 key. */
export function generatePrivateKey(): KeyObject {
  return generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
}

/** SubjectPublicKeyInfo, DER. */
export function publicKeyOf(privateKey: KeyObject): Buffer {
  return createPublicKey(privateKey).export({ type: "spki", format: "der" });
}

// 16 MiB and five passes, which OWASP takes for as much work as 128 MiB in one. OpenSSL reads no more than 32 MiB.
const cost = { N: 2 ** 14, r: 8, p: 5 };

/** PKCS #8, PEM: as it is, or encrypted by PBES2 with scrypt (RFC 7914 section 7) and AES-256-CBC. */
export async function encodePrivateKey(key: KeyObject, passphrase: string | undefined): Promise<string> {
  const pkcs8 = key.export({ type: "pkcs8", format: "der" });
  if (passphrase === undefined) return encodePem("PRIVATE KEY", pkcs8);
  const salt = randomBytes(16);
  const iv = randomBytes(16);
  const encryptionKey = await deriveKey(passphrase, salt);
  const cipher = createCipheriv("aes-256-cbc", encryptionKey, iv);
  const encrypted = Buffer.concat([cipher.update(pkcs8), cipher.final()]);
  const { N, r, p } = cost;
  const derivation = sequence(
    oid("1.3.6.1.4.1.11591.4.11"),
    sequence(octetString(salt), integer(N), integer(r), integer(p), integer(32)),
  );
  const encryption = sequence(oid("2.16.840.1.101.3.4.1.42"), octetString(iv));
  const algorithm = sequence(oid("1.2.840.113549.1.5.13"), sequence(derivation, encryption));
  return encodePem("ENCRYPTED PRIVATE KEY", sequence(algorithm, octetString(encrypted)));
}

function deriveKey(passphrase: string, salt: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(passphrase, salt, 32, cost, (error, key) => {
      if (error) reject(error);
      else resolve(key);
    });
  });
}

/**
 * Reads a private key in PEM.
 *
 * @param what - names it in errors, which show neither the key nor the passphrase
 * @throws TokenBindingError `key_import`
 */
export function decodePrivateKey(pem: string, passphrase: string | undefined, what: string): KeyObject {
  const isEncrypted = /-----BEGIN ENCRYPTED PRIVATE KEY-----|Proc-Type: 4,ENCRYPTED/.test(pem);
  if (isEncrypted && passphrase === undefined) {
    throw new TokenBindingError("key_import", `${what} is encrypted: expected its passphrase, got none`);
  }
  try {
    return createPrivateKey(isEncrypted ? { key: pem, passphrase: passphrase! } : pem);
  } catch {
    const reason = isEncrypted
      ? "the passphrase is wrong, or the file damaged"
      : "expected a private key, PEM";
    throw new TokenBindingError("key_import", `${what}: ${reason}`);
  }
}
