import { createHash, randomBytes } from "node:crypto";
import { bytes, join } from "./keys.ts";

const digest = (hash: string, data: Uint8Array): Uint8Array =>
  new Uint8Array(createHash(hash).update(data).digest());

/** DigestInfo of SHA-256, RFC 8017 section 9.2 note 1. */
const sha256DigestInfo = bytes("3031300d060960864801650304020105000420");

/** EMSA-PKCS1-v1_5 of 256 bytes around any content; correct for DigestInfo and hash. */
export function pkcs1Block(content: Uint8Array): Uint8Array {
  const fill = new Uint8Array(256 - 3 - content.length).fill(0xff);
  return join(Uint8Array.of(0, 1), fill, Uint8Array.of(0), content);
}

/** The content of a correct PKCS #1 v1.5 block. */
export function digestInfo(data: Uint8Array): Uint8Array {
  return join(sha256DigestInfo, digest("sha256", data));
}

/** What may be varied in {@link pssBlock}; the defaults are those of RFC 8471 section 3.3. */
export interface PssOptions {
  hash?: string;
  mgfHash?: string;
  saltLength?: number;
  trailer?: number;
  separator?: number;
  topBit?: boolean;
}

/** EMSA-PSS of 256 bytes (RFC 8017 section 9.1.1) for a modulus of 2048 bits, right or wrong in one place. */
export function pssBlock(data: Uint8Array, options: PssOptions = {}): Uint8Array {
  const { hash = "sha256", mgfHash = "sha256", saltLength = 32 } = options;
  const salt = new Uint8Array(randomBytes(saltLength));
  const h = digest(hash, join(new Uint8Array(8), digest(hash, data), salt));
  const zeros = new Uint8Array(256 - saltLength - h.length - 2);
  const db = join(zeros, Uint8Array.of(options.separator ?? 1), salt);
  const mask = mgf1(mgfHash, h, db.length);
  const masked = db.map((byte, i) => byte ^ mask[i]!);
  masked[0]! &= 0x7f;
  if (options.topBit === true) masked[0]! |= 0x80;
  return join(masked, h, Uint8Array.of(options.trailer ?? 0xbc));
}

function mgf1(hash: string, seed: Uint8Array, length: number): Uint8Array {
  let mask = new Uint8Array();
  for (let counter = 0; mask.length < length; counter++) {
    mask = join(mask, digest(hash, join(seed, Uint8Array.of(0, 0, 0, counter)))) as Uint8Array<ArrayBuffer>;
  }
  return mask.subarray(0, length);
}
