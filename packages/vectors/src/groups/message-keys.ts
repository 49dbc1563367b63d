import { type Bytes, concat, fill, uint16, vector16, vector8 } from "../make/bytes.ts";
import { codes, ec, ecPublicKey, rsa, rsaPublicKey, tokenBindingId } from "../make/keys.ts";
import { type Binding, messageBytes } from "../make/message-builder.ts";
import { type MessageGroup, none, provided } from "./message-case.ts";

/** A binding whose ID holds any bytes as a key. */
const withKey = (keyParameters: number, publicKey: Bytes): Binding => ({
  ...{ type: 0, id: tokenBindingId(keyParameters, publicKey), signature: provided.signature },
});

/** Keys whose lengths do not close. */
export function brokenKeys(group: MessageGroup): void {
  const point = ecPublicKey(ec);
  const bytesOf = (publicKey: Bytes, length?: number) =>
    vector16(
      concat(0, codes.ecdsap256, vector16(publicKey, length), vector16(provided.signature), uint16(0)),
    );
  group.breaks(
    "trailing_bytes",
    "a byte after the point inside key_length",
    "KeyLength",
    "TBP-3-13 TBP-3-20 A-08",
    bytesOf(concat(point, 0)),
    { name: "derived-ec-trailing-byte-inside-key" },
  );
  group.breaks(
    "trailing_bytes",
    "two points inside key_length",
    "KeyLength",
    "TBP-3-13 A-08",
    bytesOf(concat(point, point)),
  );
  group.breaks("truncated", "key_length one too small", "KeyLength", "TBP-3-13 A-08", bytesOf(point, 64));
  group.breaks(
    "trailing_bytes",
    "key_length one too great",
    "KeyLength",
    "TBP-3-13 A-08",
    bytesOf(point, 66),
  );
  group.breaks("truncated", "key_length beyond the message", "KeyLength", "TBP-3-12", bytesOf(point, 0xffff));
  group.breaks(
    "truncated",
    "key_length 0 for ecdsap256",
    "KeyLength",
    "TBP-3-13 TBP-3-17",
    messageBytes(withKey(2, none), provided),
  );
  group.breaks(
    "length_out_of_range",
    "a point of 0 bytes",
    "EmptyField",
    "TBP-3-17",
    messageBytes(withKey(2, vector8(none)), provided),
  );
  group.breaks(
    "truncated",
    "a point length beyond key_length",
    "KeyLength",
    "TBP-3-17 A-08",
    messageBytes(withKey(2, vector8(ec.point, 65))),
  );
  group.breaks(
    "trailing_bytes",
    "a point length short of key_length",
    "KeyLength",
    "TBP-3-17 A-08",
    messageBytes(withKey(2, vector8(ec.point, 63))),
  );
  group.breaks(
    "trailing_bytes",
    "a point with a length of two bytes",
    "KeyLength",
    "TBP-3-17",
    messageBytes(withKey(2, concat(1, vector16(ec.point)))),
  );
  group.breaks(
    "truncated",
    "a point without its inner length",
    "KeyLength",
    "TBP-3-17",
    messageBytes(withKey(2, concat(0xff, ec.point))),
  );

  const m = fill(256, 0xc3);
  const e = Uint8Array.of(1, 0, 1);
  const keys: [string, string, Bytes, string][] = [
    ["length_out_of_range", "a modulus of 0 bytes", concat(vector16(none), vector8(e)), "EmptyField"],
    ["length_out_of_range", "an exponent of 0 bytes", concat(vector16(m), vector8(none)), "EmptyField"],
    ["truncated", "a modulus without exponent", vector16(m), "KeyLength"],
    ["truncated", "a modulus length beyond key_length", concat(vector16(m, 300), vector8(e)), "KeyLength"],
    ["truncated", "an exponent length beyond key_length", concat(vector16(m), vector8(e, 4)), "KeyLength"],
    [
      "trailing_bytes",
      "an exponent length short of key_length",
      concat(vector16(m), vector8(e, 2)),
      "KeyLength",
    ],
    [
      "trailing_bytes",
      "a byte after the exponent inside key_length",
      concat(vector16(m), vector8(e), 0),
      "KeyLength",
    ],
    [
      "trailing_bytes",
      "an exponent with a length of two bytes",
      concat(vector16(m), 1, vector16(e)),
      "KeyLength",
    ],
    [
      "truncated",
      "a modulus with a length of one byte",
      concat(vector8(m.subarray(1)), vector8(e)),
      "KeyLength",
    ],
  ];
  for (const [code, comment, key, flag] of keys) {
    for (const parameters of [codes["rsa2048_pkcs1.5"], codes.rsa2048_pss]) {
      const ofKind = parameters === 0 ? "rsa2048_pkcs1.5" : "rsa2048_pss";
      group.breaks(
        code,
        `${ofKind}: ${comment}`,
        flag,
        "TBP-3-16 TBP-3-20 A-08",
        messageBytes(withKey(parameters, key)),
      );
    }
  }
  group.breaks(
    "trailing_bytes",
    "an RSA key where the key parameters say ecdsap256",
    "KeyLength",
    "TBP-3-13 A-08",
    messageBytes(withKey(2, rsaPublicKey(rsa))),
  );
  group.breaks(
    "truncated",
    "a point where the key parameters say rsa2048_pss",
    "KeyLength",
    "TBP-3-13 A-08",
    messageBytes(withKey(1, point)),
  );
}
