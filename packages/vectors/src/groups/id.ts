import { base64url, type Bytes, concat, fill, flip, fromNumber, vector16, vector8 } from "../make/bytes.ts";
import { type EcKey, ecJwk, ecKey, n, namedEcKey } from "../make/ec.ts";
import { type Fields, Group } from "../group.ts";
import {
  codes,
  ec,
  ecPublicKey,
  hashOf,
  names,
  otherEc,
  otherRsa,
  rsa,
  rsaPublicKey,
  tokenBindingId,
} from "../make/keys.ts";
import { modulusBytes, type RsaKey, rsaJwk, rsaKey } from "../make/rsa.ts";

const publicJwk = (key: RsaKey) => {
  const { kty, n, e } = rsaJwk(key);
  return { kty: kty!, n: n!, e: e! };
};

/** Token Binding IDs, their hashes and their keys. */
export function idGroup(): Group {
  const group = new Group(8001, {
    group: "id",
    header:
      "Token Binding IDs (RFC 8471 section 3.2), the public keys in them as JWK, and tbh, the base64url of the SHA-256 of the whole ID (draft-ietf-oauth-token-binding-08 section 3.4). An ID of unknown key parameters is valid, with no key.",
    notes: {
      Ordinary: {
        bugType: "interoperability",
        description: "An ID of an honest client.",
        effect: "Two parties know one client by two names.",
      },
      LeadingZero: {
        bugType: "interoperability",
        description: "A coordinate that begins with zero bytes: they are kept (TBP-3.2-03).",
        effect: "One client in 256 has another ID at another party.",
      },
      UnknownKeyParameters: {
        bugType: "extensibility",
        description: "Key parameters that no document assigns.",
        effect: "The first new kind of key breaks every old server.",
      },
      Framing: {
        bugType: "framing",
        description: "Lengths that do not close (A-08).",
        effect: "One key has several IDs, and each of them is another identity.",
      },
      InvalidKey: {
        bugType: "missing check",
        description: "A key that is no key of its kind (A-09, TBP-3.2-05).",
        effect: "Weak keys, forgeries, or several IDs of one key.",
      },
    },
    keys: { ec: ecJwk(ec), otherEc: ecJwk(otherEc), rsa: rsaJwk(rsa), otherRsa: rsaJwk(otherRsa) },
  });
  const valid = (comment: string, flags: string, rows: string, id: Bytes, jwk: Fields | null) => {
    const keyParameters = names[id[0]!] ?? id[0]!;
    group.valid(
      { comment, flags, requirements: rows },
      { id: base64url(id) },
      { keyParameters, tbh: hashOf(id), jwk },
    );
  };
  const ofPoint = (comment: string, flags: string, key: EcKey) => {
    const id = tokenBindingId(codes.ecdsap256, ecPublicKey(key));
    valid(comment, flags, "TBP-3.2-01 TBP-3.2-03 TBP-3-19 OTB-3.4-02", id, ecJwk(key, false));
  };
  const ofModulus = (comment: string, key: RsaKey) => {
    for (const code of [codes["rsa2048_pkcs1.5"], codes.rsa2048_pss]) {
      const id = tokenBindingId(code, rsaPublicKey(key));
      valid(`${names[code]}: ${comment}`, "Ordinary", "TBP-3.2-01 TBP-3.2-02 OTB-3.4-02", id, publicJwk(key));
    }
  };
  ofPoint("68 bytes, 91 characters", "Ordinary", ec);
  ofPoint("another key", "Ordinary", otherEc);
  ofPoint("the base point", "Ordinary", ecKey(1n));
  ofPoint("the negated base point, which has the same X", "Ordinary", ecKey(n - 1n));
  for (const [name, offset] of [
    ["X", 0],
    ["Y", 32],
  ] as const) {
    let i = 0;
    while (namedEcKey(`ID with zeros in ${name}, ${i}`).point[offset] !== 0) i++;
    ofPoint(`${name} begins with a zero byte`, "LeadingZero", namedEcKey(`ID with zeros in ${name}, ${i}`));
  }
  ofModulus("265 bytes, 354 characters", rsa);
  ofModulus("another key", otherRsa);
  ofModulus("the exponent 3, in one byte", rsaKey("rsa", 3n));
  ofModulus("the exponent 2^32 - 1, in four bytes", rsaKey("rsa", (1n << 32n) - 1n));
  for (const code of [3, 128, 255]) {
    valid(
      `key parameters ${code}`,
      "UnknownKeyParameters",
      "TBP-3-14 TBP-3.1-04 OTB-3.4-02",
      tokenBindingId(code, fill(80, 0xa5)),
      null,
    );
  }
  valid(
    "key parameters 99 and no key",
    "UnknownKeyParameters",
    "TBP-3-12",
    tokenBindingId(99, new Uint8Array()),
    null,
  );

  const invalid = (code: string, comment: string, flags: string, rows: string, id: Bytes) => {
    group.invalid({ comment, flags, requirements: rows }, { id: base64url(id) }, { code });
  };
  const id = tokenBindingId(codes.ecdsap256, ecPublicKey(ec));
  const framing = (code: string, comment: string, bytes: Bytes) => {
    invalid(code, comment, "Framing", "TBP-3-12 TBP-3-13 TBP-3-20 A-08", bytes);
  };
  framing("truncated", "no bytes", new Uint8Array());
  framing("truncated", "key_parameters only", Uint8Array.of(2));
  framing("truncated", "no key", Uint8Array.of(2, 0));
  framing("truncated", "one byte too few", id.subarray(0, 67));
  framing("trailing_bytes", "one byte too many", concat(id, 0));
  framing("trailing_bytes", "a whole binding", concat(id, vector16(fill(64, 1)), 0, 0));
  framing("trailing_bytes", "a byte inside the key", tokenBindingId(2, concat(ecPublicKey(ec), 0)));
  framing("truncated", "the type byte of a binding before it", concat(0, id));
  framing("truncated", "key_length one too great", concat(2, vector16(ecPublicKey(ec), 66)));
  framing("truncated", "key_length one too small", concat(2, vector16(ecPublicKey(ec), 64)));
  framing("length_out_of_range", "a point of no bytes", tokenBindingId(2, Uint8Array.of(0)));
  framing(
    "length_out_of_range",
    "an exponent of no bytes",
    tokenBindingId(1, concat(vector16(modulusBytes(rsa)), 0)),
  );
  const keys = (comment: string, rows: string, code: number, key: Bytes) => {
    invalid("key_invalid", comment, "InvalidKey", rows, tokenBindingId(code, key));
  };
  keys("a point off the curve", "TBP-3.2-05", 2, flip(ecPublicKey(ec), -1));
  keys("the point 0, 0", "TBP-3.2-05", 2, vector8(fill(64, 0)));
  keys("a point with the prefix 04", "TBP-3-17", 2, vector8(concat(4, ec.point)));
  keys(
    "a compressed point",
    "TBP-3-17",
    2,
    vector8(concat(2 + (ec.point[63]! & 1), ec.point.subarray(0, 32))),
  );
  keys(
    "a modulus with a leading zero",
    "TBP-3.2-02 A-09",
    1,
    rsaPublicKey(rsa, concat(0, modulusBytes(rsa))),
  );
  keys(
    "an exponent with a leading zero",
    "TBP-3.2-02 A-09",
    1,
    rsaPublicKey(rsa, undefined, Uint8Array.of(0, 1, 0, 1)),
  );
  keys("the exponent 1", "A-09", 1, rsaPublicKey(rsa, undefined, Uint8Array.of(1)));
  keys("an even exponent", "A-09", 0, rsaPublicKey(rsa, undefined, Uint8Array.of(1, 0, 0)));
  keys("an exponent of five bytes", "A-09", 0, rsaPublicKey(rsa, undefined, Uint8Array.of(1, 0, 0, 0, 1)));
  keys("a modulus of 1024 bits", "A-09", 0, rsaPublicKey(rsaKey("rsa1024")));
  keys("a modulus of 2047 bits", "A-09", 1, rsaPublicKey(rsaKey("rsa2047")));
  keys("an even modulus", "A-09", 0, rsaPublicKey(rsa, fromNumber(rsa.n - 1n)));
  return group;
}
