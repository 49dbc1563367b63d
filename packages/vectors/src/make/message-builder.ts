import { sha256 } from "@noble/hashes/sha2.js";
import type { Fields, Json } from "../group.ts";
import { base64url, type Bytes, concat, fromHex, vector16 } from "./bytes.ts";
import { type EcKey, signEc } from "./ec.ts";
import {
  codes,
  ecPublicKey,
  ekm,
  hashOf,
  names,
  provided,
  rsaPublicKey,
  signedData,
  tokenBindingId,
} from "./keys.ts";
import { digestInfo, encodePkcs1, encodePss, type RsaKey, rsaSign } from "./rsa.ts";

/** One TokenBinding as its fields. */
export interface Binding {
  readonly type: number;
  readonly id: Bytes;
  readonly signature: Bytes;
  /** Content of the extensions vector. */
  readonly extensions?: Bytes;
}

export function bindingBytes({ type, id, signature, extensions = new Uint8Array() }: Binding): Bytes {
  return concat(type, id, vector16(signature), vector16(extensions));
}

export function messageBytes(...bindings: readonly Binding[]): Bytes {
  return vector16(concat(...bindings.map(bindingBytes)));
}

/** A Sec-Token-Binding value. */
export function message(...bindings: readonly Binding[]): string {
  return base64url(messageBytes(...bindings));
}

export interface Signing {
  readonly type?: number;
  readonly over?: Bytes;
  readonly extensions?: Bytes;
}

export function ecBinding(key: EcKey, signing: Signing = {}): Binding {
  const { type = provided, over = ekm, ...rest } = signing;
  const signature = signEc(key, signedData(type, codes.ecdsap256, over));
  return { ...rest, type, id: tokenBindingId(codes.ecdsap256, ecPublicKey(key)), signature };
}

export function pssBinding(key: RsaKey, signing: Signing = {}): Binding {
  const { type = provided, over = ekm, ...rest } = signing;
  const signature = rsaSign(key, encodePss(signedData(type, codes.rsa2048_pss, over), 2048));
  return { ...rest, type, id: tokenBindingId(codes.rsa2048_pss, rsaPublicKey(key)), signature };
}

/** DigestInfo and hash, the T of RFC 8017 section 9.2. */
export function digestOf(data: Bytes): Bytes {
  return concat(fromHex(digestInfo.sha256), sha256(data));
}

export function pkcs1Binding(key: RsaKey, signing: Signing = {}): Binding {
  const { type = provided, over = ekm, ...rest } = signing;
  const encoded = encodePkcs1(digestOf(signedData(type, codes["rsa2048_pkcs1.5"], over)), 256);
  const id = tokenBindingId(codes["rsa2048_pkcs1.5"], rsaPublicKey(key));
  return { ...rest, type, id, signature: rsaSign(key, encoded) };
}

/** A binding of unregistered key parameters, whose signature cannot be verified. */
export function unknownBinding(type: number, keyParameters = 99): Binding {
  const id = tokenBindingId(keyParameters, new Uint8Array(80).fill(0xa5));
  return { type, id, signature: new Uint8Array(64).fill(0x5a) };
}

/** What a verifier establishes of an accepted message. */
export function established(
  providedBinding: Binding,
  referredBinding?: Binding,
  others: readonly Binding[] = [],
): Fields {
  return {
    provided: proven(providedBinding),
    referred: referredBinding === undefined ? null : usable(referredBinding),
    others: others.map(({ type, id }) => ({ type, id: base64url(id) })),
  };
}

function proven({ id }: Binding): Record<string, Json> {
  return { id: base64url(id), tbh: hashOf(id), keyParameters: names[id[0]!] ?? id[0]! };
}

function usable(binding: Binding): Record<string, Json> {
  return { ...proven(binding), usable: names[binding.id[0]!] !== undefined };
}
