import { constants, createECDH, generateKeyPairSync, type KeyObject, privateEncrypt } from "node:crypto";
import {
  encodeTokenBindingID,
  type KeyParameters,
  keyParametersCodes,
  type TokenBindingID,
} from "@tokbind/codec";

/** All key parameters, RFC 8471 section 6.1. */
export const allKeyParameters: readonly KeyParameters[] = ["rsa2048_pkcs1.5", "rsa2048_pss", "ecdsap256"];

/** An RSA key made by node:crypto and by no code of this package. */
export interface RsaFixture {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  readonly modulus: Uint8Array;
  readonly publicExponent: Uint8Array;
}

export function rsaFixture(modulusLength = 2048, publicExponent = 65537): RsaFixture {
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength, publicExponent });
  const { n, e } = publicKey.export({ format: "jwk" });
  return { privateKey, publicKey, modulus: bytes(n!, "base64url"), publicExponent: bytes(e!, "base64url") };
}

export function rsaId(
  keyParameters: KeyParameters,
  { modulus, publicExponent }: Pick<RsaFixture, "modulus" | "publicExponent">,
): TokenBindingID {
  return encodeTokenBindingID(keyParametersCodes[keyParameters], { kind: "rsa", modulus, publicExponent });
}

export function ecId(point: Uint8Array): TokenBindingID {
  return encodeTokenBindingID(keyParametersCodes.ecdsap256, { kind: "ec", point });
}

/** The RSA signature primitive on any block of 256 bytes, well-formed or not. */
export function rawRsaSign(fixture: RsaFixture, block: Uint8Array): Uint8Array {
  return new Uint8Array(
    privateEncrypt({ key: fixture.privateKey, padding: constants.RSA_NO_PADDING }, block),
  );
}

/** An EC key pair as bytes: the scalar (32) and X then Y (64), with the first for which `wanted` holds. */
export function ecKeyPair(wanted: (point: Uint8Array) => boolean = () => true): {
  scalar: Uint8Array;
  point: Uint8Array;
} {
  const ecdh = createECDH("prime256v1");
  for (;;) {
    const point = new Uint8Array(ecdh.generateKeys().subarray(1));
    if (wanted(point)) return { scalar: leftPad(ecdh.getPrivateKey(), 32), point };
  }
}

function leftPad(number: Uint8Array, length: number): Uint8Array {
  const padded = new Uint8Array(length);
  padded.set(number, length - number.length);
  return padded;
}

export function bytes(text: string, encoding: BufferEncoding = "hex"): Uint8Array {
  return new Uint8Array(Buffer.from(text, encoding));
}

/** Big-endian bytes of a number, as few as it takes unless a length is given. */
export function numberBytes(number: bigint, length?: number): Uint8Array {
  const hex = number.toString(16);
  return bytes(hex.padStart(length === undefined ? hex.length + (hex.length % 2) : length * 2, "0"));
}

export function bytesNumber(number: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(number).toString("hex")}`);
}

export function join(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

export const base64url = (data: Uint8Array): string => Buffer.from(data).toString("base64url");
