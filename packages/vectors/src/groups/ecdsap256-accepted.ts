import { fill, hex } from "../make/bytes.ts";
import {
  ecKey,
  hashNumber,
  inverse,
  keyForSignature,
  mod,
  n,
  signatureBytes,
  signEc,
  xOf,
} from "../make/ec.ts";
import { ec, otherEc, otherEkm } from "../make/keys.ts";
import { ecBinding } from "../make/message-builder.ts";
import type { VerificationGroup } from "./verification-case.ts";
import { data, r, s, signed, keyWithZeros, nonceWhere, ecdsa } from "./ecdsap256-tools.ts";

export function accepted(group: VerificationGroup): void {
  group.accept("an honest message", "Ordinary", "TBP-3.3-05 TBP-3.3-06 TBP-4.2-09", [ecBinding(ec)]);
  group.accept("another key", "Ordinary", "TBP-3.3-05", [ecBinding(otherEc)]);
  group.accept("another connection", "Ordinary", "TBP-3.3-06", [ecBinding(ec, { over: otherEkm })], {
    ekm: otherEkm,
  });
  for (const byte of [0x00, 0xff]) {
    const over = fill(32, byte);
    group.accept(
      `an EKM of 32 bytes ${hex(Uint8Array.of(byte))}`,
      "Ordinary",
      "TBP-3.3-06",
      [ecBinding(ec, { over })],
      { ekm: over },
    );
  }
  group.accept("X begins with a zero byte, which is kept", "LeadingZero", "TBP-3.2-03", [
    ecBinding(keyWithZeros(0)),
  ]);
  group.accept("Y begins with a zero byte, which is kept", "LeadingZero", "TBP-3.2-03", [
    ecBinding(keyWithZeros(32)),
  ]);
  const zeroR = nonceWhere((r) => r >> 248n === 0n);
  const zeroS = nonceWhere((_r, s) => s >> 248n === 0n);
  group.accept("R begins with a zero byte", "LeadingZero", "TBP-3.3-05", [signed(zeroR)]);
  group.accept("S begins with a zero byte", "LeadingZero", "TBP-3.3-05", [signed(zeroS)]);
  group.refuse(
    "length_out_of_range",
    "R without its leading zero byte: 63 bytes",
    "LeadingZero SignatureSize",
    "TBP-3.3-05 A-07",
    [signed(zeroR.subarray(1))],
  );
  group.accept("high S", "HighS", "TBP-3.3-11", [signed(signatureBytes(r, s < n - s ? n - s : s))], {
    name: "derived-ec-high-s",
  });
  for (const [comment, value] of [
    ["1", 1n],
    ["2", 2n],
    ["n - 1", n - 1n],
    ["(n + 1) / 2", (n + 1n) / 2n],
  ] as const) {
    const key = keyForSignature(data, 7n, value);
    group.accept(`S is ${comment}`, "ArithmeticEdge", "TBP-3.3-05 TBP-3.3-11", [
      signed(signatureBytes(mod(xOf(7n), n), value), key),
    ]);
  }
  const doubled = mod(hashNumber(data) * inverse(mod(xOf(11n), n), n), n);
  const [dr, ds] = ecdsa(doubled, 11n);
  group.accept("both points of the verifier's sum are the same", "ArithmeticEdge", "TBP-3.3-05", [
    signed(signatureBytes(dr, ds), ecKey(doubled)),
  ]);
  for (const d of [1n, 2n, n - 1n]) {
    const key = ecKey(d);
    group.accept(`a private key of ${d === n - 1n ? "n - 1" : d}`, "ArithmeticEdge", "TBP-3.2-05", [
      signed(signEc(key, data), key),
    ]);
  }
}
