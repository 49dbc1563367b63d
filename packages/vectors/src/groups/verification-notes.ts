import type { Flag } from "../group.ts";

const forgery = "forgery";
const replay = "replay";
const parsing = "parsing";
const interoperability = "interoperability";

/** Flags of the files that verify one binding of one kind of key. */
const verificationNotes: Readonly<Record<string, Flag>> = {
  Ordinary: {
    bugType: interoperability,
    description: "A message as honest clients send it.",
    effect: "A verifier that refuses it cannot be used.",
  },
  WrongEkm: {
    bugType: replay,
    description: "The signature is over the EKM of another connection, or over a part of this one's.",
    effect: "A message that was overheard or relayed on one connection is accepted on another.",
  },
  WrongType: {
    bugType: replay,
    description: "The signature was made for another tokenbinding_type.",
    effect:
      "Whoever gets a referred binding can use it as a provided one, and take over the client's tokens.",
  },
  WrongParameters: {
    bugType: replay,
    description: "The signature was made for other key_parameters.",
    effect: "A key is used with an algorithm that its owner did not choose.",
  },
  WrongSignedData: {
    bugType: interoperability,
    description:
      "The signature is over something else than tokenbinding_type, key_parameters and EKM, hashed once.",
    effect: "The verifier accepts its own wrong signatures, and what the signature was to protect is open.",
  },
  WrongHash: {
    bugType: "weak hash",
    description: "The signature uses another hash than SHA-256.",
    effect: "A verifier that takes the hash from the signature can be led to a weak one.",
  },
  WrongKey: {
    bugType: forgery,
    description: "The signature was made with another key than the ID names.",
    effect: "Anybody can claim any Token Binding ID.",
  },
  NotNegotiated: {
    bugType: "downgrade",
    description: "The provided binding has other key parameters than were negotiated.",
    effect: "The client chooses the algorithm after the handshake; the negotiation protects nothing.",
  },
  ModifiedSignature: {
    bugType: forgery,
    description: "One bit of a good signature is turned over.",
    effect: "The signature is not verified, or only a part of it.",
  },
  SignatureSize: {
    bugType: parsing,
    description: "The signature is longer or shorter than its kind allows (RFC 8471 section 3.3).",
    effect: "One proof has many encodings, or a verifier reads beyond the end.",
  },
  SignatureEncoding: {
    bugType: parsing,
    description: "The signature is encoded otherwise than R then S in 64 bytes.",
    effect: "Two verifiers disagree; DER parsers accept many encodings of one signature.",
  },
  SignatureRange: {
    bugType: "missing check",
    description: "A number of the signature is outside its range.",
    effect: "r = s = 0 is a good signature of every key in code that skips the check; others divide by zero.",
  },
  HighS: {
    bugType: interoperability,
    description: "s above half of the order. It is valid: RFC 8471 has no low-S rule (TBP-3.3-11).",
    effect: "Half of all honest signatures are refused.",
  },
  ArithmeticEdge: {
    bugType: "arithmetic",
    description: "Keys and nonces chosen so that the point arithmetic of the verifier meets a special case.",
    effect: "Good signatures refused, bad ones accepted, or a crash.",
  },
  InvalidPoint: {
    bugType: "missing check",
    description: "The public key is no point of P-256.",
    effect:
      "On another curve, or with a point of small order, signatures can be made without knowing any private key.",
  },
  PointEncoding: {
    bugType: parsing,
    description: "The point is written otherwise than X then Y in 64 bytes.",
    effect: "One key has several IDs, and each of them is another identity.",
  },
  WrongCurve: {
    bugType: "algorithm confusion",
    description: "A key, and a good signature, of another curve.",
    effect: "Two parties mean different keys by one ID.",
  },
  LeadingZero: {
    bugType: interoperability,
    description: "A number that happens to begin with zero bytes.",
    effect: "One honest client in 256 is refused, or gets another ID at another party.",
  },
  ModulusSize: {
    bugType: "weak key",
    description: "The modulus has not exactly 2048 bits (A-09).",
    effect: "A key that can be factored is accepted, or one that costs a multiple to verify with.",
  },
  ModulusEncoding: {
    bugType: parsing,
    description: "The modulus has a leading zero (A-09).",
    effect: "One key has several IDs, and each of them is another identity.",
  },
  EvenModulus: {
    bugType: "weak key",
    description: "An even modulus, factored at sight; the signature verifies.",
    effect: "Arithmetic that needs an odd modulus fails or hangs, and two backends disagree.",
  },
  ExponentOne: {
    bugType: forgery,
    description: "With the exponent 1 the padded hash is its own signature.",
    effect: "Anybody can make a signature without a private key.",
  },
  Exponent: {
    bugType: "weak key",
    description:
      "The exponent is outside 3 to 2^32-1 or even (A-09). But for 0 and 65538, for which there is none, the signature verifies.",
    effect: "Slow verification that an attacker chooses, or a padding that can be forged.",
  },
  ExponentEncoding: {
    bugType: parsing,
    description:
      "The exponent is not the shortest big-endian number (A-09). With leading zeros the signature verifies.",
    effect: "One key has several IDs, and each of them is another identity.",
  },
  SmallExponent: {
    bugType: interoperability,
    description: "The exponent 3, which is valid.",
    effect: "Honest clients with old keys are refused.",
  },
  SaltLength: {
    bugType: "missing check",
    description: "The salt has not 32 bytes (TBP-3.3-04); everything else is right.",
    effect:
      "A verifier that finds the length by itself accepts what RFC 8471 forbids; others refuse the client.",
  },
  MgfHash: {
    bugType: "missing check",
    description: "MGF1 uses another hash than SHA-256 (TBP-3.3-03).",
    effect: "Verifiers disagree about a signature.",
  },
  PssPadding: {
    bugType: forgery,
    description: "The encoded message deviates from EMSA-PSS (RFC 8017 section 9.1.2).",
    effect: "Whatever is not checked is a freedom for whoever forges.",
  },
  Pkcs1Padding: {
    bugType: forgery,
    description: "The encoded message deviates from EMSA-PKCS1-v1_5 (RFC 8017 section 9.2).",
    effect: "Whatever is not checked is a freedom for whoever forges.",
  },
  DigestInfo: {
    bugType: forgery,
    description: "The DigestInfo is not the one DER encoding of SHA-256.",
    effect: "A lenient ASN.1 parser can be made to skip bytes of an attacker's choice.",
  },
  Bleichenbacher: {
    bugType: forgery,
    description: "Bytes after the hash (Bleichenbacher 2006, CVE-2006-4339).",
    effect: "With the exponent 3 a signature can be forged without a private key, as a cube root.",
  },
  SchemeConfusion: {
    bugType: "algorithm confusion",
    description: "A signature of the other RSA scheme.",
    effect: "The negotiated scheme is not the one that protects the connection.",
  },
};

/** The notes that a file uses. */
export function pick(...flags: string[]): Readonly<Record<string, Flag>> {
  return Object.fromEntries(
    flags.map((flag) => {
      const note = verificationNotes[flag];
      if (note === undefined) throw new Error(`no note explains ${flag}`);
      return [flag, note];
    }),
  );
}
