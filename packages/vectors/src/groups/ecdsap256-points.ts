import { ed25519 } from "@noble/curves/ed25519.js";
import { p384 } from "@noble/curves/nist.js";
import { secp256k1 } from "@noble/curves/secp256k1.js";
import { sha256, sha384 } from "@noble/hashes/sha2.js";
import { type Bytes, concat, fill, flip, fromNumber } from "../make/bytes.ts";
import { b, mod, n, p, signatureBytes, signEc } from "../make/ec.ts";
import { ec } from "../make/keys.ts";
import type { Binding } from "../make/message-builder.ts";
import type { VerificationGroup } from "./verification-case.ts";
import {
  data,
  signed,
  withPoint,
  keyWithZeros,
  signatureOfNothing,
  wrappedSignature,
  power,
} from "./ecdsap256-tools.ts";

export function points(group: VerificationGroup): void {
  const key_invalid = (
    comment: string,
    flags: string,
    requirements: string,
    binding: Binding,
    name?: string,
  ) => {
    group.refuse("key_invalid", comment, flags, requirements, [binding], name ? { name } : {});
  };
  const off = "TBP-3.2-05";
  key_invalid(
    "one bit of Y turned over: not on the curve",
    "InvalidPoint",
    off,
    withPoint(flip(ec.point, -1)),
    "derived-ec-point-not-on-curve",
  );
  key_invalid(
    "one bit of X turned over: not on the curve",
    "InvalidPoint",
    off,
    withPoint(flip(ec.point, 0)),
  );
  key_invalid(
    "X and Y exchanged",
    "InvalidPoint",
    off,
    withPoint(concat(ec.point.subarray(32), ec.point.subarray(0, 32))),
  );
  key_invalid(
    "X and Y in little-endian",
    "InvalidPoint",
    off,
    withPoint(
      concat(
        Uint8Array.from(ec.point.subarray(0, 32)).reverse(),
        Uint8Array.from(ec.point.subarray(32)).reverse(),
      ),
    ),
  );
  key_invalid(
    "0, 0 for the point at infinity, with a signature that holds if it is one",
    "InvalidPoint",
    off,
    withPoint(fill(64, 0), signatureOfNothing()),
  );
  key_invalid(
    "a point of order 2 on another curve, with a signature that holds there",
    "InvalidPoint",
    off,
    withPoint(concat(fromNumber(5n, 32), fill(32, 0)), signatureOfNothing()),
  );
  const root = power(b, (p + 1n) / 4n);
  key_invalid(
    "X is p, where 0 would be right",
    "InvalidPoint PointEncoding",
    off,
    withPoint(concat(fromNumber(p, 32), fromNumber(root, 32))),
  );
  key_invalid(
    "X above p, where X - p would be right",
    "InvalidPoint PointEncoding",
    off,
    withPoint(smallXPlusP()),
  );
  key_invalid(
    "Y is 2^256 - 1",
    "InvalidPoint",
    off,
    withPoint(concat(ec.point.subarray(0, 32), fill(32, 0xff))),
  );
  key_invalid("64 bytes of 0xff", "InvalidPoint", off, withPoint(fill(64, 0xff)));
  const encoding = "TBP-3-17 TBP-3.2-03";
  key_invalid(
    "uncompressed SEC1: 04 before X",
    "PointEncoding",
    encoding,
    withPoint(concat(4, ec.point)),
    "derived-ec-point-with-04-prefix",
  );
  key_invalid(
    "hybrid SEC1: 06 or 07 before X",
    "PointEncoding",
    encoding,
    withPoint(concat(6 + (ec.point[63]! & 1), ec.point)),
  );
  key_invalid(
    "compressed SEC1",
    "PointEncoding",
    encoding,
    withPoint(concat(2 + (ec.point[63]! & 1), ec.point.subarray(0, 32))),
  );
  key_invalid("X alone", "PointEncoding", encoding, withPoint(ec.point.subarray(0, 32)));
  key_invalid(
    "X and Y without the last byte",
    "PointEncoding",
    encoding,
    withPoint(ec.point.subarray(0, 63)),
  );
  key_invalid("a zero byte before X: 65 bytes", "PointEncoding", encoding, withPoint(concat(0, ec.point)));
  key_invalid(
    "a zero byte before X and Y: 66 bytes",
    "PointEncoding",
    encoding,
    withPoint(concat(0, ec.point.subarray(0, 32), 0, ec.point.subarray(32))),
  );
  key_invalid("a zero byte after Y: 65 bytes", "PointEncoding", encoding, withPoint(concat(ec.point, 0)));
  const zero = keyWithZeros(0);
  key_invalid(
    "X without its leading zero byte",
    "PointEncoding LeadingZero",
    encoding,
    withPoint(zero.point.subarray(1), signEc(zero, data)),
  );
  key_invalid("one byte", "PointEncoding", encoding, withPoint(Uint8Array.of(0)));
  key_invalid("255 bytes", "PointEncoding", encoding, withPoint(concat(ec.point, fill(191, 0))));
  const secret = fromNumber(ec.d, 32);
  const other = secp256k1.getPublicKey(secret, false).subarray(1);
  key_invalid(
    "a point of secp256k1 with its good signature",
    "WrongCurve",
    "TBP-4.2-03 TBP-3.2-05",
    withPoint(other, secp256k1.sign(sha256(data), secret, { prehash: false })),
  );
  const secret384 = concat(fill(16, 0), secret);
  const other384 = p384.getPublicKey(secret384, false).subarray(1);
  key_invalid(
    "a point of P-384 with its good signature",
    "WrongCurve",
    "TBP-4.2-03 TBP-3.2-05",
    withPoint(other384, p384.sign(sha384(data), secret384, { prehash: false })),
  );
  key_invalid(
    "an Ed25519 key with its good signature",
    "WrongCurve",
    "TBP-4.2-03 TBP-3.2-05",
    withPoint(ed25519.getPublicKey(secret), ed25519.sign(data, secret)),
  );
  const spki = concat(
    Uint8Array.from(Buffer.from("3059301306072a8648ce3d020106082a8648ce3d03010703420004", "hex")),
    ec.point,
  );
  key_invalid("a SubjectPublicKeyInfo instead of a point", "PointEncoding", encoding, withPoint(spki));
  const { key, x, s } = wrappedSignature();
  group.accept("r is an X above n less n", "ArithmeticEdge", "TBP-3.3-05", [
    signed(signatureBytes(x - n, s), key),
  ]);
  group.refuse("signature_invalid", "r is that X itself, not reduced", "SignatureRange", "TBP-3.3-05", [
    signed(signatureBytes(x, s), key),
  ]);
}

/** p added to the X of the point with the smallest X. */
function smallXPlusP(): Bytes {
  for (let x = 1n; ; x++) {
    const square = mod(x * x * x - 3n * x + b, p);
    const y = power(square, (p + 1n) / 4n);
    if ((y * y) % p === square) return concat(fromNumber(x + p, 32), fromNumber(y, 32));
  }
}
