import { TokenBindingError } from "./errors.ts";
import { type FieldObserver, Reader } from "./reader.ts";
import { keyParametersCodes } from "./registries.ts";
import { Writer } from "./writer.ts";

/** RSAPublicKey of RFC 8471 section 3, both numbers big-endian without leading zeros (section 3.2). */
export interface RSAPublicKey {
  readonly kind: "rsa";
  /** 256 bytes in a valid key, at least 1 on the wire. */
  readonly modulus: Uint8Array;
  /** 1 to 255 bytes on the wire. */
  readonly publicExponent: Uint8Array;
}

/** TB_ECPoint of RFC 8471 section 3. */
export interface TB_ECPoint {
  readonly kind: "ec";
  /** X then Y, 32 bytes each, big-endian, in a valid key; 1 to 255 bytes on the wire. */
  readonly point: Uint8Array;
}

/** The public key of unassigned key parameters: bytes that cannot be validated. */
export interface OpaquePublicKey {
  readonly kind: "opaque";
  /** 0 to 65535 bytes. */
  readonly bytes: Uint8Array;
}

/** The `select (key_parameters)` of RFC 8471 section 3. */
export type TokenBindingPublicKey = RSAPublicKey | TB_ECPoint | OpaquePublicKey;

/** TokenBindingID of RFC 8471 section 3: what a token is bound to. */
export interface TokenBindingID {
  /** 1-byte code, possibly unassigned. */
  readonly keyParameters: number;
  readonly publicKey: TokenBindingPublicKey;
  /** The whole ID as it stands on the wire: key_parameters, key_length and the key. Compare IDs by these. */
  readonly bytes: Uint8Array;
}

/**
 * Decodes a TokenBindingID (RFC 8471 section 3) that fills `bytes` exactly. Framing is validated here, the key
 * itself where it is used.
 *
 * @param bytes - 68 bytes for ecdsap256, 265 for RSA with a 3-byte exponent
 * @throws TokenBindingError `truncated`, `length_out_of_range` or `trailing_bytes`
 */
export function decodeTokenBindingID(bytes: Uint8Array, observe?: FieldObserver): TokenBindingID {
  const reader = new Reader(bytes, observe);
  const id = readTokenBindingID(reader);
  reader.finish("TokenBindingID");
  return id;
}

/** Reads a TokenBindingID and leaves the reader just after it. */
export function readTokenBindingID(reader: Reader): TokenBindingID {
  const start = reader.offset;
  const keyParameters = reader.uint8("TokenBindingID.key_parameters");
  const publicKey = reader.vector("TokenBindingID.key", 2, 0, publicKeyReader(keyParameters));
  return { keyParameters, publicKey, bytes: reader.since(start) };
}

/** The `select (key_parameters)` of RFC 8471 section 3. */
function publicKeyReader(keyParameters: number): (reader: Reader) => TokenBindingPublicKey {
  switch (keyParameters) {
    case keyParametersCodes["rsa2048_pkcs1.5"]:
    case keyParametersCodes.rsa2048_pss:
      return readRSAPublicKey;
    case keyParametersCodes.ecdsap256:
      return readECPoint;
    default:
      return readOpaque;
  }
}

function readRSAPublicKey(reader: Reader): RSAPublicKey {
  const modulus = reader.opaque("RSAPublicKey.modulus", 2, 1);
  const publicExponent = reader.opaque("RSAPublicKey.publicexponent", 1, 1);
  return { kind: "rsa", modulus, publicExponent };
}

function readECPoint(reader: Reader): TB_ECPoint {
  return { kind: "ec", point: reader.opaque("TB_ECPoint.point", 1, 1) };
}

function readOpaque(reader: Reader): OpaquePublicKey {
  return { kind: "opaque", bytes: reader.rest("TokenBindingID.key") };
}

/**
 * Encodes a TokenBindingID (RFC 8471 section 3).
 *
 * @param keyParameters - 1-byte code; it decides between the kinds of public key
 * @throws TokenBindingError `invalid_argument` when the key is not of that kind or a field is too long
 */
export function encodeTokenBindingID(
  keyParameters: number,
  publicKey: TokenBindingPublicKey,
): TokenBindingID {
  const kind = keyParameters === keyParametersCodes.ecdsap256 ? "ec" : keyParameters <= 1 ? "rsa" : "opaque";
  if (publicKey.kind !== kind) {
    throw new TokenBindingError(
      "invalid_argument",
      `TokenBindingID: key parameters ${keyParameters} take a key of kind "${kind}", got "${publicKey.kind}"`,
    );
  }
  const writer = new Writer();
  writer.uint8("TokenBindingID.key_parameters", keyParameters);
  writer.vector("TokenBindingID.key", 2, 0, (key) => {
    if (publicKey.kind === "rsa") {
      key.opaque("RSAPublicKey.modulus", 2, 1, publicKey.modulus);
      key.opaque("RSAPublicKey.publicexponent", 1, 1, publicKey.publicExponent);
    } else if (publicKey.kind === "ec") {
      key.opaque("TB_ECPoint.point", 1, 1, publicKey.point);
    } else {
      key.bytes(publicKey.bytes);
    }
  });
  return { keyParameters, publicKey, bytes: writer.finish() };
}
