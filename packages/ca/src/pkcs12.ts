import { createCipheriv, createHmac, hash, randomBytes, X509Certificate } from "node:crypto";
import { checkOptions } from "@tokbind/codec/options";
import { der, integer, nullValue, octetString, oid, sequence, set, tagged, taggedPrimitive } from "./der.ts";
import { TokenBindingError } from "@tokbind/codec";
import { isText, required } from "./options.ts";
import { decodePrivateKey } from "./private-key.ts";

/** Options of {@link encodePkcs12}. */
export interface Pkcs12Options {
  /** PEM: the certificate of the key, and then those of its CAs. */
  readonly certificates: string;
  /** PEM. */
  readonly privateKey: string;
  /** Of the private key, if that is encrypted. */
  readonly passphrase?: string | undefined;
  /** What the importing program will ask for. All that protects the key in the file. */
  readonly password: string;
  /** What it will call the key; by default nothing. */
  readonly friendlyName?: string | undefined;
}

/**
 * A key and its certificates in one file that browsers, phones and operating systems import: PKCS #12, RFC 7292. It is
 * encrypted by what all of them read, triple DES and SHA-1; those of Apple, and Android before 14, take nothing newer. So
 * take a password that cannot be guessed, and delete the file once it is imported.
 *
 * @returns DER
 * @throws TokenBindingError `key_import` for a private key that is none, or of another certificate,
 *   `certificate_malformed` for certificates that are none
 * @example
 * const { chain, privateKey } = await ca.issue({ profile: "user", email: "alice@example.test" });
 * await writeFile("alice.p12", encodePkcs12({ certificates: chain, privateKey, password }), { mode: 0o600 });
 */
export function encodePkcs12(options: Pkcs12Options): Uint8Array {
  checkOptions("encodePkcs12", options, {
    certificates: required(isText),
    privateKey: required(isText),
    passphrase: isText,
    password: required(isText),
    friendlyName: isText,
  });
  const { privateKey, passphrase, password, friendlyName } = options;
  const key = decodePrivateKey(privateKey, passphrase, "privateKey");
  const [leaf, ...authorities] = readCertificates(options.certificates);
  if (!leaf!.checkPrivateKey(key)) {
    throw new TokenBindingError(
      "key_import",
      "privateKey: expected the key of the first certificate, got another",
    );
  }
  const attributes = attributesOf(leaf!, friendlyName);
  const certificates = sequence(
    certificateBag(leaf!, attributes),
    ...authorities.map((one) => certificateBag(one)),
  );
  const shrouded = sequence(
    ...encrypted(key.export({ type: "pkcs8", format: "der" }), password, octetString),
  );
  const keys = sequence(bag(oid("1.2.840.113549.1.12.10.1.2"), shrouded, attributes));
  const encryptedContent = sequence(
    data,
    ...encrypted(certificates, password, (content) => taggedPrimitive(0, content)),
  );
  const safe = sequence(
    contentInfo(oid("1.2.840.113549.1.7.6"), sequence(integer(0), encryptedContent)),
    contentInfo(data, octetString(keys)),
  );
  return sequence(integer(3), contentInfo(data, octetString(safe)), macData(safe, password));
}

function readCertificates(pem: string): X509Certificate[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  try {
    if (blocks.length > 0) return blocks.map((block) => new X509Certificate(block));
  } catch {
    // Said below.
  }
  throw new TokenBindingError("certificate_malformed", "certificates: expected PEM, got something else");
}

/** id-data, RFC 5652 section 4. */
const data = oid("1.2.840.113549.1.7.1");

function contentInfo(type: Buffer, content: Buffer): Buffer {
  return sequence(type, tagged(0, content));
}

function bag(type: Buffer, value: Buffer, attributes?: Buffer): Buffer {
  return sequence(type, tagged(0, value), ...(attributes === undefined ? [] : [attributes]));
}

function certificateBag(certificate: X509Certificate, attributes?: Buffer): Buffer {
  const value = sequence(oid("1.2.840.113549.1.9.22.1"), tagged(0, octetString(certificate.raw)));
  return bag(oid("1.2.840.113549.1.12.10.1.3"), value, attributes);
}

/** localKeyId, by which a key finds its certificate, and friendlyName. */
function attributesOf({ raw }: X509Certificate, friendlyName: string | undefined): Buffer {
  const localKeyId = sequence(oid("1.2.840.113549.1.9.21"), set(octetString(hash("sha1", raw, "buffer"))));
  if (friendlyName === undefined) return set(localKeyId);
  const name = sequence(oid("1.2.840.113549.1.9.20"), set(der(0x1e, bmpString(friendlyName))));
  // DER sorts what is in a set.
  return set(Buffer.concat([localKeyId, name].toSorted((a, b) => Buffer.compare(a, b))));
}

/** UTF-16, big endian. */
function bmpString(text: string): Buffer {
  return Buffer.from(text, "utf16le").swap16();
}

const iterations = 10_000;
const saltLength = 16;

/** pbeWithSHAAnd3-KeyTripleDES-CBC: its AlgorithmIdentifier, and what it makes of the content. */
function encrypted(content: Buffer, password: string, wrap: (content: Buffer) => Buffer): [Buffer, Buffer] {
  const salt = randomBytes(saltLength);
  const cipher = createCipheriv("des-ede3-cbc", derive(1, password, salt, 24), derive(2, password, salt, 8));
  const algorithm = sequence(
    oid("1.2.840.113549.1.12.1.3"),
    sequence(octetString(salt), integer(iterations)),
  );
  return [algorithm, wrap(Buffer.concat([cipher.update(content), cipher.final()]))];
}

function macData(content: Buffer, password: string): Buffer {
  const salt = randomBytes(saltLength);
  const mac = createHmac("sha1", derive(3, password, salt, 20))
    .update(content)
    .digest();
  const algorithm = sequence(oid("1.3.14.3.2.26"), nullValue);
  return sequence(sequence(algorithm, octetString(mac)), octetString(salt), integer(iterations));
}

// Of SHA-1, in bytes.
const blockLength = 64;

/**
 * Key derivation of RFC 7292 appendix B.2.
 *
 * @param id - 1 for a key, 2 for an initialization vector, 3 for a MAC key
 */
function derive(id: number, password: string, salt: Buffer, length: number): Buffer {
  const input = Buffer.concat([
    repeated(salt),
    repeated(Buffer.concat([bmpString(password), Buffer.alloc(2)])),
  ]);
  const diversifier = Buffer.alloc(blockLength, id);
  const parts: Buffer[] = [];
  for (let made = 0; made < length; made += 20) {
    let part = hash("sha1", Buffer.concat([diversifier, input]), "buffer");
    for (let i = 1; i < iterations; i++) part = hash("sha1", part, "buffer");
    parts.push(part);
    const addend = repeated(part);
    for (let at = 0; at < input.length; at += blockLength)
      addPlusOne(input.subarray(at, at + blockLength), addend);
  }
  return Buffer.concat(parts).subarray(0, length);
}

/** Whole blocks of a value over and over. */
function repeated(bytes: Buffer): Buffer {
  return Buffer.alloc(Math.ceil(bytes.length / blockLength) * blockLength, bytes);
}

/** block = block + addend + 1, as big-endian numbers modulo their size. */
function addPlusOne(block: Buffer, addend: Buffer): void {
  let carry = 1;
  for (let i = blockLength - 1; i >= 0; i--) {
    carry += block[i]! + addend[i]!;
    block[i] = carry & 0xff;
    carry >>= 8;
  }
}
