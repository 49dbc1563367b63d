import "reflect-metadata";
import { createPrivateKey, randomBytes, sign, webcrypto } from "node:crypto";
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  Extension,
  type JsonGeneralNames,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  type X509Certificate,
  X509CertificateGenerator,
} from "@peculiar/x509";

const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
const day = 24 * 60 * 60 * 1000;

export interface TestCertificate {
  /** PEM of the certificate, followed by those of its issuers below the root. */
  readonly cert: string;
  readonly key: string;
  readonly serial: string;
}

export interface LeafOptions {
  readonly names: JsonGeneralNames;
  /** DER of the subjectAltName, in place of `names`. */
  readonly rawNames?: Uint8Array;
  readonly subject?: string;
  /** Default: clientAuth. */
  readonly purposes?: readonly ("clientAuth" | "serverAuth")[];
  readonly notBefore?: Date;
  readonly notAfter?: Date;
}

export interface CrlOptions {
  /** Serial numbers in hex, as X509Certificate has them. */
  readonly revoked?: readonly string[];
  readonly thisUpdate?: Date;
  readonly nextUpdate?: Date;
}

/** A CA of a test, which does as it is told: it also makes certificates that no CA should make. */
export class TestAuthority {
  /** PEM. */
  readonly cert: string;
  readonly key: string;
  readonly #certificate: X509Certificate;
  readonly #keys: webcrypto.CryptoKeyPair;
  readonly #parents: string;

  private constructor(
    certificate: X509Certificate,
    keys: webcrypto.CryptoKeyPair,
    key: string,
    above?: string,
  ) {
    this.cert = pemOf(certificate);
    this.key = key;
    this.#certificate = certificate;
    this.#keys = keys;
    this.#parents = above === undefined ? "" : this.cert + above;
  }

  /** Makes a root. */
  static async create(name: string): Promise<TestAuthority> {
    const keys = await generate();
    const options = { name: `CN=${name}`, keys, ...(await authorityOptions(keys)) };
    const certificate = await X509CertificateGenerator.createSelfSigned(options);
    return new TestAuthority(certificate, keys, await pemKey(keys));
  }

  /** Makes an issuing CA below this one. */
  async issuing(name: string): Promise<TestAuthority> {
    const keys = await generate();
    const { extensions, ...options } = await authorityOptions(keys);
    const certificate = await X509CertificateGenerator.create({
      ...this.#issuer(),
      ...options,
      subject: `CN=${name}`,
      publicKey: keys.publicKey,
      extensions: [...extensions, await AuthorityKeyIdentifierExtension.create(this.#keys.publicKey)],
    });
    return new TestAuthority(certificate, keys, await pemKey(keys), this.#parents);
  }

  get serial(): string {
    return this.#certificate.serialNumber;
  }

  async issue({ names, rawNames, subject = "CN=somebody", ...rest }: LeafOptions): Promise<TestCertificate> {
    const { purposes = ["clientAuth"], notBefore = yesterday(), notAfter = tomorrow() } = rest;
    const keys = await generate();
    const cert = await X509CertificateGenerator.create({
      ...this.#issuer(),
      subject,
      publicKey: keys.publicKey,
      notBefore,
      notAfter,
      extensions: [
        new ExtendedKeyUsageExtension(purposes.map((name) => ExtendedKeyUsage[name])),
        rawNames
          ? new Extension("2.5.29.17", false, rawNames)
          : new SubjectAlternativeNameExtension(names, subject === ""),
        await SubjectKeyIdentifierExtension.create(keys.publicKey),
        await AuthorityKeyIdentifierExtension.create(this.#keys.publicKey),
      ],
    });
    return { cert: pemOf(cert) + this.#parents, key: await pemKey(keys), serial: cert.serialNumber };
  }

  /** Makes a CRL, PEM. */
  crl({ revoked = [], thisUpdate = yesterday(), nextUpdate = tomorrow() }: CrlOptions = {}): string {
    const subject = Buffer.from(this.#certificate.subjectName.toArrayBuffer());
    const { keyId } = this.#certificate.getExtension(SubjectKeyIdentifierExtension)!;
    const entries = revoked.map((serial) => der(0x30, integer(Buffer.from(serial, "hex")), time(thisUpdate)));
    const tbs = der(
      0x30,
      integer(Buffer.of(1)),
      ecdsaWithSha256,
      ...[subject, time(thisUpdate), time(nextUpdate)],
      ...(entries.length > 0 ? [der(0x30, ...entries)] : []),
      der(
        0xa0,
        der(
          0x30,
          extension("551d23", der(0x30, der(0x80, Buffer.from(keyId, "hex")))),
          extension("551d14", integer(Buffer.of(1))),
        ),
      ),
    );
    const signature = sign("sha256", tbs, createPrivateKey(this.key));
    return pem("X509 CRL", der(0x30, tbs, ecdsaWithSha256, der(0x03, Buffer.of(0), signature)));
  }

  #issuer() {
    return {
      serialNumber: `01${randomBytes(15).toString("hex")}`,
      issuer: this.#certificate.subject,
      signingKey: this.#keys.privateKey,
      signingAlgorithm: algorithm,
    };
  }
}

function generate(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
}

async function authorityOptions(keys: webcrypto.CryptoKeyPair) {
  return {
    signingAlgorithm: algorithm,
    notBefore: yesterday(),
    notAfter: tomorrow(),
    extensions: [
      new BasicConstraintsExtension(true, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  };
}

const yesterday = () => new Date(Date.now() - day);
const tomorrow = () => new Date(Date.now() + day);

async function pemKey({ privateKey }: webcrypto.CryptoKeyPair): Promise<string> {
  const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey("pkcs8", privateKey));
  return pem("PRIVATE KEY", pkcs8);
}

function pemOf({ rawData }: X509Certificate): string {
  return pem("CERTIFICATE", Buffer.from(rawData));
}

function pem(label: string, bytes: Buffer): string {
  const lines = bytes.toString("base64").replace(/.{64}(?!$)/g, "$&\n");
  return `-----BEGIN ${label}-----\n${lines}\n-----END ${label}-----\n`;
}

const ecdsaWithSha256 = Buffer.from("300a06082a8648ce3d040302", "hex");

/** An element of DER (X.690). */
export function der(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  const size = length < 0x80 ? 0 : Math.ceil(length.toString(16).length / 2);
  const header = Buffer.alloc(2 + size);
  header[0] = tag;
  header[1] = size === 0 ? length : 0x80 | size;
  if (size > 0) header.writeUIntBE(length, 2, size);
  return Buffer.concat([header, content]);
}

function integer(bytes: Buffer): Buffer {
  return der(0x02, ...(bytes[0]! >= 0x80 ? [Buffer.of(0)] : []), bytes);
}

function time(date: Date): Buffer {
  const digits = date.toISOString().replaceAll(/[-:T]|\.\d+/g, "");
  return date.getUTCFullYear() < 2050
    ? der(0x17, Buffer.from(digits.slice(2)))
    : der(0x18, Buffer.from(digits));
}

function extension(oid: string, value: Buffer): Buffer {
  return der(0x30, der(0x06, Buffer.from(oid, "hex")), der(0x04, value));
}
