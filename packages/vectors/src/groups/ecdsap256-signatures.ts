import { type Bytes, concat, fill, flip } from "../make/bytes.ts";
import {
  derSignature,
  ecKey,
  hashNumber,
  inverse,
  keyForSignature,
  mod,
  n,
  p,
  signatureBytes,
  signEc,
  xOf,
} from "../make/ec.ts";
import { ec } from "../make/keys.ts";
import type { VerificationGroup } from "./verification-case.ts";
import { data, r, s, signed } from "./ecdsap256-tools.ts";

export function signatures(group: VerificationGroup): void {
  const good = signEc(ec, data);
  const refuse = (comment: string, flag: string, requirements: string, signature: Bytes, name?: string) => {
    const outcome = signature.length < 64 ? "length_out_of_range" : "signature_invalid";
    group.refuse(outcome, comment, flag, requirements, [signed(signature)], name ? { name } : {});
  };
  for (const [comment, index, mask] of [
    ["the first bit of R", 0, 0x80],
    ["the last bit of R", 31, 1],
    ["the first bit of S", 32, 0x80],
    ["the last bit of S", 63, 1],
  ] as const) {
    refuse(`${comment} turned over`, "ModifiedSignature", "TBP-4.2-07", flip(good, index, mask));
  }
  refuse("S before R", "SignatureEncoding", "TBP-3.3-05", concat(good.subarray(32), good.subarray(0, 32)));
  refuse(
    "R and S in little-endian",
    "SignatureEncoding",
    "TBP-3.3-05",
    concat(Uint8Array.from(good.subarray(0, 32)).reverse(), Uint8Array.from(good.subarray(32)).reverse()),
  );
  refuse("DER", "SignatureEncoding", "TBP-3.3-05", derSignature(good), "derived-ec-der-signature");
  refuse(
    "R then S with a zero byte before each: 66 bytes",
    "SignatureEncoding",
    "TBP-3.3-05",
    concat(0, good.subarray(0, 32), 0, good.subarray(32)),
  );
  refuse("a zero byte after S: 65 bytes", "SignatureSize", "TBP-3.3-05", concat(good, 0));
  refuse("a zero byte before R: 65 bytes", "SignatureSize", "TBP-3.3-05", concat(0, good));
  refuse("a recovery byte before R: 65 bytes", "SignatureSize", "TBP-3.3-05", concat(27, good));
  refuse("the signature twice: 128 bytes", "SignatureSize", "TBP-3.3-05", concat(good, good));
  refuse("without its last byte: 63 bytes", "SignatureSize", "TBP-3.3-05 A-07", good.subarray(0, 63));
  refuse("256 bytes, as an RSA signature has", "SignatureSize", "TBP-3.3-05", concat(good, fill(192, 0)));
  const ranges: [string, bigint, bigint][] = [
    ["r = 0", 0n, s],
    ["s = 0", r, 0n],
    ["r = s = 0", 0n, 0n],
    ["r = n", n, s],
    ["s = n", r, n],
    ["r = s = n", n, n],
    ["r = n, s = 0", n, 0n],
    ["r = 0, s = 1", 0n, 1n],
    ["r = 1, s = 0", 1n, 0n],
    ["r = 1, s = 1", 1n, 1n],
    ["r = p", p, s],
    ["s = n + 1", r, n + 1n],
    ["r = n + 1", n + 1n, s],
    ["r = n - r", n - r, s],
    ["r = s = 2^256 - 1", (1n << 256n) - 1n, (1n << 256n) - 1n],
  ];
  for (const [comment, wrongR, wrongS] of ranges) {
    refuse(comment, "SignatureRange", "TBP-3.3-05", signatureBytes(wrongR, wrongS));
  }
  // A small s leaves room for s + n in 32 bytes, so that a verifier that reduces it finds a good signature.
  const small = keyForSignature(data, 7n, 3n);
  group.refuse("signature_invalid", "s = n + 3, where 3 would be right", "SignatureRange", "TBP-3.3-05", [
    signed(signatureBytes(mod(xOf(7n), n), n + 3n), small),
  ]);
  const infinity = ecKey(mod(-hashNumber(data) * inverse(r, n), n));
  group.refuse(
    "signature_invalid",
    "the verifier's sum is the point at infinity",
    "ArithmeticEdge",
    "TBP-3.3-05",
    [signed(signatureBytes(r, s), infinity)],
  );
}
