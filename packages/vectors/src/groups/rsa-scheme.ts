import { type Bytes, fromNumber, nothingUpMySleeve, toNumber } from "../make/bytes.ts";
import { codes, rsa, rsaPublicKey, signedData, tokenBindingId } from "../make/keys.ts";
import { type Binding, digestOf } from "../make/message-builder.ts";
import { encodePkcs1, encodePss, modulusBytes, type RsaKey, rsaPrivate, rsaSign } from "../make/rsa.ts";

/** One of the two RSA signature schemes. */
export interface Scheme {
  readonly name: "rsa2048_pkcs1.5" | "rsa2048_pss";
  readonly code: 0 | 1;
  /** The encoded message for a modulus of so many bits. */
  encode(data: Bytes, bits: number): Bytes;
}

export const pkcs1: Scheme = {
  name: "rsa2048_pkcs1.5",
  code: codes["rsa2048_pkcs1.5"],
  encode: (data, bits) => encodePkcs1(digestOf(data), Math.ceil(bits / 8)),
};

export const pss: Scheme = {
  name: "rsa2048_pss",
  code: codes.rsa2048_pss,
  encode: (data, bits) => encodePss(data, bits),
};

/** What can be different about an RSA binding. */
export interface RsaOptions {
  readonly key?: RsaKey;
  /** What is signed. */
  readonly data?: Bytes;
  /** What is raised to the private exponent. */
  readonly encoded?: Bytes;
  readonly signature?: Bytes;
  /** The numbers of the ID as other bytes. */
  readonly modulus?: Bytes;
  readonly exponent?: Bytes;
}

export function rsaBinding(scheme: Scheme, options: RsaOptions = {}): Binding {
  const { key = rsa, data = signedData(0, scheme.code) } = options;
  const encoded = options.encoded ?? scheme.encode(data, key.n.toString(2).length);
  const publicKey = rsaPublicKey(key, options.modulus, options.exponent);
  return {
    type: 0,
    id: tokenBindingId(scheme.code, publicKey),
    signature: options.signature ?? rsaSign(key, encoded),
  };
}

/** A connection on which something about the signature comes out as wanted. */
export interface Found {
  readonly over: Bytes;
  readonly signature: Bytes;
}

/** Tries EKMs until `find` makes a signature of the encoded message. */
export function search(scheme: Scheme, label: string, find: (encoded: bigint) => Bytes | undefined): Found {
  for (let i = 0; ; i++) {
    const over = nothingUpMySleeve(`${scheme.name}, ${label}, ${i}`);
    const signature = find(toNumber(scheme.encode(signedData(0, scheme.code, over), 2048)));
    if (signature !== undefined) return { over, signature };
  }
}

/** A connection on which the signature as a number fits. */
export function searchSignature(scheme: Scheme, label: string, fits: (s: bigint) => boolean): Found {
  return search(scheme, label, (encoded) => {
    const s = rsaPrivate(rsa, encoded);
    return fits(s) ? fromNumber(s, modulusBytes(rsa).length) : undefined;
  });
}
