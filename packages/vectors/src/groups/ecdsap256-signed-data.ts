import { sha1 } from "@noble/hashes/legacy.js";
import { sha256, sha384, sha512 } from "@noble/hashes/sha2.js";
import { type Bytes, ascii, concat, fill, flip, hex, toNumber, vector8 } from "../make/bytes.ts";
import { ecKey, n, signatureBytes, signEc } from "../make/ec.ts";
import { ec, ekm, otherEc, otherEkm, signedData } from "../make/keys.ts";
import { ecBinding, unknownBinding } from "../make/message-builder.ts";
import type { VerificationGroup } from "./verification-case.ts";
import { code, data, signed, ecdsa } from "./ecdsap256-tools.ts";

/** Signatures over something else, or by somebody else. */
export function wrongData(group: VerificationGroup): void {
  const over = (comment: string, flag: string, requirements: string, bytes: Bytes, name?: string) => {
    group.refuse(
      "signature_invalid",
      comment,
      flag,
      requirements,
      [signed(signEc(ec, bytes))],
      name ? { name } : {},
    );
  };
  group.refuse(
    "signature_invalid",
    "the EKM of another connection",
    "WrongEkm",
    "TBP-3.3-06 TBP-4.2-07 TBH-X-06",
    [ecBinding(ec, { over: otherEkm })],
  );
  over("an EKM with one bit turned over", "WrongEkm", "TBP-3.3-06", flip(data, -1));
  over("an EKM with its first bit turned over", "WrongEkm", "TBP-3.3-06", flip(data, 2, 0x80));
  over("the first 31 bytes of the EKM", "WrongEkm", "TBP-3.3-06", data.subarray(0, 33));
  over("the first 16 bytes of the EKM", "WrongEkm", "TBP-3.3-06", data.subarray(0, 18));
  over("the EKM with a zero byte after it", "WrongEkm", "TBP-3.3-06", concat(data, 0));
  over("an EKM of 32 zero bytes", "WrongEkm", "TBP-3.3-06", signedData(0, code, fill(32, 0)));
  over("the EKM reversed", "WrongEkm", "TBP-3.3-06", signedData(0, code, Uint8Array.from(ekm).reverse()));
  over("the EKM in hexadecimal", "WrongSignedData", "TBP-3.3-06", signedData(0, code, ascii(hex(ekm))));
  over("the EKM only", "WrongSignedData", "TBP-3.3-06", ekm, "derived-ec-signature-over-ekm-only");
  over("no type", "WrongSignedData", "TBP-3.3-06", data.subarray(1));
  over("no key parameters", "WrongSignedData", "TBP-3.3-06", concat(0, ekm));
  over("key parameters before the type", "WrongSignedData", "TBP-3.3-06", concat(code, 0, ekm));
  over("EKM before type and key parameters", "WrongSignedData", "TBP-3.3-06", concat(ekm, 0, code));
  over("with a length before the EKM", "WrongSignedData", "TBP-3.3-06", concat(0, code, vector8(ekm)));
  over(
    "with the ID instead of the key parameters",
    "WrongSignedData",
    "TBP-3.3-06",
    concat(0, ecBinding(ec).id, ekm),
  );
  over("no bytes", "WrongSignedData", "TBP-3.3-06", new Uint8Array());
  over("the SHA-256 of the data: hashed twice", "WrongSignedData", "TBP-3.3-06", sha256(data));
  group.refuse(
    "signature_invalid",
    "the EKM itself as the hash: not hashed",
    "WrongSignedData",
    "TBP-3.3-06",
    [signed(signatureBytes(...ecdsa(ec.d, 5n, toNumber(ekm))))],
  );
  over(
    "made for a referred binding",
    "WrongType",
    "TBP-3.3-06",
    signedData(1, code),
    "derived-ec-signature-made-for-other-type",
  );
  over("made for type 255", "WrongType", "TBP-3.3-06", signedData(255, code));
  over("made for rsa2048_pss", "WrongParameters", "TBP-3.3-06", signedData(0, 1));
  over("made for rsa2048_pkcs1.5", "WrongParameters", "TBP-3.3-06", signedData(0, 0));
  for (const [name, hash] of [
    ["SHA-1", sha1],
    ["SHA-384", sha384],
    ["SHA-512", sha512],
  ] as const) {
    group.refuse("signature_invalid", `${name} instead of SHA-256`, "WrongHash", "TBP-3.3-05", [
      signed(signEc(ec, data, hash)),
    ]);
  }
  group.refuse("signature_invalid", "signed by another key", "WrongKey", "TBP-4.2-07", [
    signed(signEc(otherEc, data)),
  ]);
  group.refuse(
    "signature_invalid",
    "another key's ID put before a good signature",
    "WrongKey",
    "TBP-4.2-07",
    [{ ...ecBinding(ec), id: ecBinding(otherEc).id }],
  );
  const negated = ecKey(n - ec.d);
  group.refuse("signature_invalid", "the key's negation, which has the same X", "WrongKey", "TBP-3.2-03", [
    signed(signEc(ec, data), negated),
  ]);
  for (const negotiated of ["rsa2048_pkcs1.5", "rsa2048_pss"] as const) {
    group.refuse(
      "key_parameters_mismatch",
      `${negotiated} was negotiated`,
      "NotNegotiated",
      "TBP-4.2-03 TBP-4.2-04 TBP-7.2-02 TBN-6.1-01",
      [ecBinding(ec)],
      { negotiated },
    );
  }
  group.refuse(
    "key_parameters_mismatch",
    "a provided binding of unassigned key parameters",
    "NotNegotiated",
    "TBP-4.2-03",
    [unknownBinding(0)],
  );
}
