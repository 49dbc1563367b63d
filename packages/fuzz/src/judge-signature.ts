// The judge's own opinion of keys and signatures, by other libraries than the ones under test.

import { p256 } from "@noble/curves/nist.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { mgf1, PKCS1_SHA256, PSS } from "micro-rsa-dsa-dh/rsa.js";
import { join, toNumber } from "./bytes.ts";
import { keyFields, type Span } from "./judge-framing.ts";

const schemes = [PKCS1_SHA256, PSS(sha256, mgf1(sha256), 32)];

/** Whether an ID of registered key parameters names a key that may be used (A-09, TBP-3.2-05). */
export function isGoodKey(id: Uint8Array): boolean {
  const [first, exponent] = keyFields(id) as [Uint8Array, Uint8Array];
  if (id[0] === 2) return first.length === 64 && isOnCurve(first);
  const e = toNumber(exponent);
  const isModulus = first.length === 256 && first[0]! >> 7 === 1 && (first[255]! & 1) === 1;
  return isModulus && exponent[0] !== 0 && e >= 3n && e < 1n << 32n && (e & 1n) === 1n;
}

function isOnCurve(point: Uint8Array): boolean {
  try {
    p256.Point.fromBytes(join(Uint8Array.of(4), point)).assertValidity();
    return true;
  } catch {
    return false;
  }
}

// Most mutants keep the signatures of the valid messages that they were made of.
const known = new Set<string>();

/** Whether the binding's signature is one of its key over type, key parameters and EKM (RFC 8471 section 3.3). */
export function isGoodSignature(binding: Span, ekm: Uint8Array): boolean {
  const { type, id, signature } = binding;
  const name = [Uint8Array.of(type), id, signature, ekm]
    .map((bytes) => Buffer.from(bytes).toString("latin1"))
    .join();
  if (known.has(name)) return true;
  const isGood = verify(binding, ekm);
  if (isGood && known.size < 1000) known.add(name);
  return isGood;
}

function verify({ type, keyParameters, id, signature }: Span, ekm: Uint8Array): boolean {
  const data = join(Uint8Array.of(type, keyParameters), ekm);
  const [first, exponent] = keyFields(id) as [Uint8Array, Uint8Array];
  if (signature.length !== (keyParameters === 2 ? 64 : 256)) return false;
  try {
    if (keyParameters !== 2) {
      return schemes[keyParameters]!.verify({ n: toNumber(first), e: toNumber(exponent) }, data, signature);
    }
    return p256.verify(signature, data, join(Uint8Array.of(4), first), { lowS: false });
  } catch {
    return false;
  }
}
