import { ascii, type Bytes, concat, fill, flip, fromHex, fromNumber, hex, toNumber } from "../make/bytes.ts";
import { ecJwk } from "../make/ec.ts";
import {
  codes,
  ec,
  ekm,
  otherEkm,
  otherRsa,
  rsa,
  rsaPublicKey,
  signedData,
  tokenBindingId,
} from "../make/keys.ts";
import { modulusBytes, rsaJwk, rsaKey, squareRoot } from "../make/rsa.ts";
import { rsaBinding, type RsaOptions, type Scheme, search, searchSignature } from "./rsa-scheme.ts";
import { oneBindingGroup, type VerificationGroup } from "./verification-case.ts";

const row = (scheme: Scheme) => (scheme.code === codes.rsa2048_pss ? "TBP-3.3-02" : "TBP-3.3-01");

/** A file of one of the RSA schemes, still without cases. */
export function rsaGroup(
  first: number,
  scheme: Scheme,
  ...flagsOfScheme: readonly string[]
): VerificationGroup {
  return oneBindingGroup(
    first,
    scheme.name,
    { rsa: rsaJwk(rsa), otherRsa: rsaJwk(otherRsa), ec: ecJwk(ec) },
    "LeadingZero",
    "ModulusSize",
    "ModulusEncoding",
    "EvenModulus",
    "ExponentOne",
    "Exponent",
    "ExponentEncoding",
    "SmallExponent",
    ...flagsOfScheme,
  );
}

/** What is signed, by whom, and what was negotiated. */
export function rsaSignedData(group: VerificationGroup, scheme: Scheme): void {
  const { code, name } = scheme;
  const data = signedData(0, code);
  const over = (comment: string, flag: string, bytes: Bytes) => {
    group.refuse("signature_invalid", comment, flag, "TBP-3.3-06 TBP-4.2-07", [
      rsaBinding(scheme, { data: bytes }),
    ]);
  };
  group.accept(
    "an honest message",
    "Ordinary",
    `${row(scheme)} TBP-3.3-06 TBP-4.2-09`,
    [rsaBinding(scheme)],
    code === 0 ? { name: "derived-rsa2048-pkcs1.5-provided" } : { name: "derived-pss-salt-32" },
  );
  group.accept("another key", "Ordinary", row(scheme), [rsaBinding(scheme, { key: otherRsa })]);
  group.accept(
    "another connection",
    "Ordinary",
    "TBP-3.3-06",
    [rsaBinding(scheme, { data: signedData(0, code, otherEkm) })],
    { ekm: otherEkm },
  );
  over("the EKM of another connection", "WrongEkm", signedData(0, code, otherEkm));
  over("an EKM with one bit turned over", "WrongEkm", flip(data, -1));
  over("the first 31 bytes of the EKM", "WrongEkm", data.subarray(0, 33));
  over("an EKM of 32 zero bytes", "WrongEkm", signedData(0, code, fill(32, 0)));
  over("the EKM only", "WrongSignedData", ekm);
  over("no type", "WrongSignedData", data.subarray(1));
  over("the EKM in hexadecimal", "WrongSignedData", signedData(0, code, ascii(hex(ekm))));
  over("made for a referred binding", "WrongType", signedData(1, code));
  over("made for the other RSA scheme's key parameters", "WrongParameters", signedData(0, 1 - code));
  over("made for ecdsap256", "WrongParameters", signedData(0, 2));
  const stolen = { ...rsaBinding(scheme), id: tokenBindingId(code, rsaPublicKey(otherRsa)) };
  group.refuse(
    "signature_invalid",
    "another key's ID put before a good signature",
    "WrongKey",
    "TBP-4.2-07",
    [stolen],
  );
  const others = (["rsa2048_pkcs1.5", "rsa2048_pss", "ecdsap256"] as const).filter((other) => other !== name);
  for (const negotiated of others) {
    group.refuse(
      "key_parameters_mismatch",
      `${negotiated} was negotiated`,
      "NotNegotiated",
      "TBP-4.2-03 TBP-4.2-04 TBP-7.2-02 TBN-6.1-01",
      [rsaBinding(scheme)],
      { negotiated },
    );
  }
  group.refuse(
    "key_parameters_mismatch",
    "only key_parameters changed to the other RSA scheme",
    "NotNegotiated",
    "TBP-2-03 TBP-4.2-03 TBP-4.2-04 TBP-7.2-02",
    [{ ...rsaBinding(scheme), id: tokenBindingId(1 - code, rsaPublicKey(rsa)) }],
    { name: "derived-rsa-key-parameters-swapped" },
  );
}

/** The signature as a string of bytes and as a number. */
export function rsaSignatures(group: VerificationGroup, scheme: Scheme): void {
  const { signature } = rsaBinding(scheme);
  const refuse = (comment: string, flag: string, bytes: Bytes, over = ekm) => {
    group.refuse(
      "signature_invalid",
      comment,
      flag,
      row(scheme),
      [rsaBinding(scheme, { signature: bytes })],
      { ekm: over },
    );
  };
  refuse("the first bit turned over", "ModifiedSignature", flip(signature, 0, 0x80));
  refuse("a bit in the middle turned over", "ModifiedSignature", flip(signature, 128));
  refuse("the last bit turned over", "ModifiedSignature", flip(signature, -1));
  refuse("in little-endian", "SignatureEncoding", Uint8Array.from(signature).reverse());
  refuse("as a DER OCTET STRING", "SignatureEncoding", concat(fromHex("04820100"), signature));
  refuse("257 bytes: a leading zero", "SignatureSize", concat(0, signature));
  refuse("257 bytes: a zero after it", "SignatureSize", concat(signature, 0));
  refuse("255 bytes: the last one missing", "SignatureSize", signature.subarray(0, 255));
  refuse("64 bytes: the first quarter", "SignatureSize", signature.subarray(0, 64));
  refuse("512 bytes: the signature twice", "SignatureSize", concat(signature, signature));
  const short = searchSignature(scheme, "leading zero", (s) => s >> 2040n === 0n);
  group.accept(
    "a signature that begins with a zero byte",
    "LeadingZero",
    row(scheme),
    [rsaBinding(scheme, { signature: short.signature })],
    { ekm: short.over },
  );
  refuse(
    "the leading zero byte left out: 255 bytes",
    "SignatureSize",
    short.signature.subarray(1),
    short.over,
  );
  const { n } = rsa;
  const low = searchSignature(scheme, "room above", (s) => s + n < 1n << 2048n);
  group.accept(
    "a number that leaves room for itself plus n",
    "Ordinary",
    row(scheme),
    [rsaBinding(scheme, { signature: low.signature })],
    { ekm: low.over },
  );
  refuse("that number plus n", "SignatureRange", fromNumber(toNumber(low.signature) + n), low.over);
  const negated = searchSignature(scheme, "negated", () => true);
  refuse(
    "n less the signature",
    "SignatureRange",
    fromNumber(n - toNumber(negated.signature), 256),
    negated.over,
  );
  for (const [comment, number] of [
    ["0", 0n],
    ["1", 1n],
    ["n - 1", n - 1n],
    ["n", n],
    ["n + 1", n + 1n],
    ["2^2048 - 1", (1n << 2048n) - 1n],
  ] as const) {
    refuse(`the number ${comment}`, "SignatureRange", fromNumber(number, 256));
  }
  refuse(
    "the encoded message itself",
    "ModifiedSignature",
    fromNumber(toNumber(scheme.encode(signedData(0, scheme.code), 2048)), 256),
  );
}

/** Modulus and exponent; every signature here holds for the numbers as they stand. */
export function rsaKeys(group: VerificationGroup, scheme: Scheme): void {
  const invalid = (comment: string, flag: string, options: RsaOptions, name?: string, over = ekm) => {
    const rows = flag.startsWith("Modulus") ? "TBP-3.2-02 TBP-4.2-03 A-09" : "TBP-3.2-02 A-09";
    group.refuse("key_invalid", comment, flag, rows, [rsaBinding(scheme, options)], {
      ...(name ? { name } : {}),
      ekm: over,
    });
  };
  const e = (exponent: bigint) => ({ key: rsaKey("rsa", exponent) });
  group.accept("the exponent 3", "SmallExponent", "A-09", [rsaBinding(scheme, e(3n))]);
  group.accept("the exponent 17", "SmallExponent", "A-09", [rsaBinding(scheme, e(17n))]);
  group.accept("the exponent 2^32 - 1, the greatest", "Ordinary", "A-09", [
    rsaBinding(scheme, e((1n << 32n) - 1n)),
  ]);
  invalid("the exponent 1: the encoded message is its own signature", "ExponentOne", e(1n));
  invalid("the exponent 1 with a leading zero", "ExponentOne", { ...e(1n), exponent: Uint8Array.of(0, 1) });
  invalid("the exponent 2^32 + 1", "Exponent", e((1n << 32n) + 1n));
  invalid("the exponent 2^64 + 1", "Exponent", e((1n << 64n) + 1n));
  invalid("an exponent of 255 bytes", "Exponent", e((1n << 2032n) + 1n));
  const square = rsaKey("rsa", 2n);
  const root = search(scheme, "square", (encoded) => {
    const found = squareRoot(square, encoded);
    return found === undefined ? undefined : fromNumber(found, 256);
  });
  invalid(
    "the exponent 2: the signature is a square root",
    "Exponent",
    { key: square, signature: root.signature },
    undefined,
    root.over,
  );
  const { signature } = rsaBinding(scheme);
  invalid("the exponent 65538", "Exponent", { signature, exponent: Uint8Array.of(1, 0, 2) });
  invalid("the exponent 0", "Exponent", { signature, exponent: Uint8Array.of(0) });
  invalid("an exponent with a leading zero", "ExponentEncoding", { exponent: Uint8Array.of(0, 1, 0, 1) });
  invalid("an exponent with 252 leading zeros", "ExponentEncoding", {
    exponent: concat(fill(252, 0), 1, 0, 1),
  });
  invalid("the exponent 3 with two zero bytes after it, as in little-endian", "ExponentEncoding", {
    exponent: Uint8Array.of(3, 0, 0),
    key: rsaKey("rsa", 3n),
  });
  invalid(
    "a modulus with a leading zero",
    "ModulusEncoding",
    { modulus: concat(0, modulusBytes(rsa)) },
    "derived-rsa-modulus-with-leading-zero",
  );
  invalid("a modulus with 44 leading zeros", "ModulusEncoding", {
    modulus: concat(fill(44, 0), modulusBytes(rsa)),
  });
  invalid("a modulus of 1024 bits", "ModulusSize", { key: rsaKey("rsa1024") });
  invalid("a modulus of 1024 bits in 256 bytes", "ModulusSize", {
    key: rsaKey("rsa1024"),
    modulus: fromNumber(rsaKey("rsa1024").n, 256),
  });
  invalid("a modulus of 2040 bits, 255 bytes", "ModulusSize", { key: rsaKey("rsa2040") });
  invalid("a modulus of 2040 bits in 256 bytes", "ModulusSize", {
    key: rsaKey("rsa2040"),
    modulus: fromNumber(rsaKey("rsa2040").n, 256),
  });
  invalid("a modulus of 2047 bits in 256 bytes", "ModulusSize", { key: rsaKey("rsa2047") });
  invalid("a modulus of 2056 bits, 257 bytes", "ModulusSize", { key: rsaKey("rsa2056") });
  invalid("a modulus of 3072 bits", "ModulusSize", { key: rsaKey("rsa3072") });
  invalid("a modulus of 4096 bits", "ModulusSize", { key: rsaKey("rsa4096") });
  invalid("a modulus that is even", "EvenModulus", { key: rsaKey("even") });
  invalid("a modulus of 256 zero bytes", "ModulusSize", { signature: fill(256, 0), modulus: fill(256, 0) });
  invalid("a modulus of one byte", "ModulusSize", { signature, modulus: Uint8Array.of(1) });
}
