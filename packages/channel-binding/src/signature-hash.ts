import { elementsOf, type Element, objectIdentifier, readElement, tagged } from "./asn1.ts";

/** Hashes by the signature algorithms that use exactly one (RFC 4055, RFC 5758, RFC 8692; NIST CSOR for SHA-3). */
const bySignature: Readonly<Record<string, string>> = {
  "1.2.840.113549.1.1.4": "md5",
  "1.2.840.113549.1.1.5": "sha1",
  "1.2.840.113549.1.1.14": "sha224",
  "1.2.840.113549.1.1.11": "sha256",
  "1.2.840.113549.1.1.12": "sha384",
  "1.2.840.113549.1.1.13": "sha512",
  "1.2.840.113549.1.1.15": "sha512-224",
  "1.2.840.113549.1.1.16": "sha512-256",
  "1.2.840.10040.4.3": "sha1", // DSA
  "2.16.840.1.101.3.4.3.1": "sha224", // DSA
  "2.16.840.1.101.3.4.3.2": "sha256", // DSA
  "1.2.840.10045.4.1": "sha1",
  "1.2.840.10045.4.3.1": "sha224",
  "1.2.840.10045.4.3.2": "sha256",
  "1.2.840.10045.4.3.3": "sha384",
  "1.2.840.10045.4.3.4": "sha512",
  "2.16.840.1.101.3.4.3.9": "sha3-224", // ECDSA
  "2.16.840.1.101.3.4.3.10": "sha3-256",
  "2.16.840.1.101.3.4.3.11": "sha3-384",
  "2.16.840.1.101.3.4.3.12": "sha3-512",
  "2.16.840.1.101.3.4.3.13": "sha3-224", // RSA
  "2.16.840.1.101.3.4.3.14": "sha3-256",
  "2.16.840.1.101.3.4.3.15": "sha3-384",
  "2.16.840.1.101.3.4.3.16": "sha3-512",
};

const byHash: Readonly<Record<string, string>> = {
  "1.2.840.113549.2.5": "md5",
  "1.3.14.3.2.26": "sha1",
  "2.16.840.1.101.3.4.2.4": "sha224",
  "2.16.840.1.101.3.4.2.1": "sha256",
  "2.16.840.1.101.3.4.2.2": "sha384",
  "2.16.840.1.101.3.4.2.3": "sha512",
  "2.16.840.1.101.3.4.2.5": "sha512-224",
  "2.16.840.1.101.3.4.2.6": "sha512-256",
  "2.16.840.1.101.3.4.2.7": "sha3-224",
  "2.16.840.1.101.3.4.2.8": "sha3-256",
  "2.16.840.1.101.3.4.2.9": "sha3-384",
  "2.16.840.1.101.3.4.2.10": "sha3-512",
};

const rsassaPss = "1.2.840.113549.1.1.10";
const ed25519 = "1.3.101.112";

/** What is known of the signature that a certificate's issuer made. */
export interface CertificateSignature {
  /** OpenSSL's name of its hash; undefined when it uses none, or none that is known here. */
  readonly hash: string | undefined;
  readonly isEd25519: boolean;
  /** Dotted. */
  readonly algorithm: string | undefined;
}

/** Reads the signatureAlgorithm of a certificate in DER: its issuer's, whatever its own key is. */
export function certificateSignature(certificate: Uint8Array): CertificateSignature {
  const [identifier, parameters] = elementsOf(elementsOf(readElement(certificate))[1]);
  const algorithm = objectIdentifier(identifier);
  const hash = algorithm === rsassaPss ? pssHash(parameters) : bySignature[algorithm ?? ""];
  return { hash, isEd25519: algorithm === ed25519, algorithm };
}

/** RSASSA-PSS-params of RFC 4055 section 3.1: `hashAlgorithm [0] HashAlgorithm DEFAULT sha1Identifier`. */
function pssHash(parameters: Element | undefined): string | undefined {
  const hashAlgorithm = tagged(parameters, 0);
  if (hashAlgorithm === undefined) return "sha1";
  return byHash[objectIdentifier(elementsOf(elementsOf(hashAlgorithm)[0])[0]) ?? ""];
}
