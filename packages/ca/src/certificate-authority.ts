import type { KeyObject } from "node:crypto";
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { TokenBindingError } from "@tokbind/codec";
import { checkOptions } from "@tokbind/codec/options";
import { type AuthorityFiles, authorityFiles } from "./authority-files.ts";
import { type Issuer, newSerialNumber, readIssuer } from "./certificate.ts";
import { type CertificateRecord, find, fingerprintOf, recordOf, renewable } from "./certificate-record.ts";
import { createAuthority, crlDays } from "./create-authority.ts";
import { encodeCrl } from "./crl.ts";
import { fileError, invalid } from "./errors.ts";
import { checkDirectory, modes, readKeyFile, replaceFile } from "./files.ts";
import { type CrlLine, IndexFile, type RevokedLine } from "./index-file.ts";
import { encodeLeaf } from "./leaf.ts";
import { withLock } from "./lock.ts";
import { checkNames, checkText, type CheckedNames } from "./names.ts";
import {
  type CertificateOrder,
  type CreateOptions,
  createRules,
  type CrlOptions,
  crlRules,
  type IssueOptions,
  issueRules,
  type OpenOptions,
  openRules,
  type RenewOptions,
  renewRules,
  type RevokeOptions,
  revokeRules,
  type RootCrlOptions,
  rootCrlRules,
  type SignOptions,
  signRules,
} from "./options.ts";
import { parseCertificate } from "./parse-certificate.ts";
import { encodePem } from "./pem.ts";
import { checkPermitted, checkPermittedDomains } from "./permitted-domains.ts";
import { decodePrivateKey, encodePrivateKey, generatePrivateKey, publicKeyOf } from "./private-key.ts";
import { type CertificateProfile, checkProfile, profiles } from "./profiles.ts";
import { checkRenewalProof } from "./renewal-request.ts";
import { validityOf } from "./validity.ts";

/** A certificate that has been issued. */
export interface IssuedCertificate {
  /** Lower-case hex of 16 bytes. */
  readonly serialNumber: string;
  /** PEM. */
  readonly certificate: string;
  /** The certificate and then the issuing CA's, PEM: what a TLS server or client presents. */
  readonly chain: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
}

/** A certificate together with its new private key. */
export interface IssuedKeyPair extends IssuedCertificate {
  /** PKCS #8, PEM; encrypted if a passphrase was given. The CA keeps no copy. */
  readonly privateKey: string;
}

/** A CRL that has been made, and written to the CA's directory. */
export interface MadeCrl {
  /** PEM. */
  readonly crl: string;
  readonly number: number;
  readonly thisUpdate: Date;
  readonly nextUpdate: Date;
  /** How many certificates are on it. */
  readonly revoked: number;
}

/**
 * An organization's own certificate authority, RFC 5280: a root that signs only the issuing CA and its own CRL, and the
 * issuing CA, which signs all certificates and the CRL that counts every day. Its state is a directory of files, which
 * several processes may use at once, and which is whole wherever a process is killed: a certificate or CRL leaves only
 * after the index knows of it on disk.
 *
 * All methods throw TokenBindingError `invalid_argument` for unknown options and impossible values, `ca_state` when the
 * directory cannot be used, and `key_store` or `key_import` when a key of the CA cannot.
 *
 * @example
 * const ca = await CertificateAuthority.create({ directory: "ca", organization: "Example" });
 * const server = await ca.issue({ profile: "server", dns: ["localhost"] });
 * https.createServer({ cert: server.chain, key: server.privateKey, ca: ca.rootCertificate, requestCert: true });
 * const alice = await ca.issue({ profile: "user", name: "Alice", email: "alice@example.test" });
 * await ca.revoke({ serialNumber: alice.serialNumber, reason: "keyCompromise" });
 * const { crl } = await ca.crl();
 */
export class CertificateAuthority {
  /** PEM: what both ends of a connection trust. */
  readonly rootCertificate: string;
  /** PEM: what is sent along with each certificate. */
  readonly issuingCertificate: string;
  readonly #directory: string;
  readonly #files: AuthorityFiles;
  readonly #issuer: Issuer;
  readonly #index: IndexFile;
  readonly #passphrase: string | undefined;
  #key: KeyObject | undefined;
  #last: Promise<unknown> = Promise.resolve();

  private constructor(
    directory: string,
    rootCertificate: string,
    issuingCertificate: string,
    options: OpenOptions,
  ) {
    this.#directory = directory;
    this.#files = authorityFiles(directory);
    this.rootCertificate = rootCertificate;
    this.issuingCertificate = issuingCertificate;
    this.#issuer = readIssuer(issuingCertificate);
    this.#index = new IndexFile(this.#files.index);
    this.#passphrase = options.passphrase;
  }

  /**
   * Makes a new CA: root, issuing CA, and an empty CRL of each. A directory that is there already is left alone, unless it
   * is empty.
   */
  static async create(options: CreateOptions): Promise<CertificateAuthority> {
    checkOptions("CertificateAuthority.create", options, createRules);
    const directory = resolve(options.directory);
    await createAuthority({
      ...options,
      directory,
      organization: checkText("organization", options.organization),
      permittedDomains: checkPermittedDomains(options.permittedDomains ?? []),
    });
    return CertificateAuthority.open({ directory, passphrase: options.passphrase });
  }

  /** Opens a CA that {@link create} made. The passphrase of the issuing CA's key is needed once something is signed. */
  static async open(options: OpenOptions): Promise<CertificateAuthority> {
    checkOptions("CertificateAuthority.open", options, openRules);
    const directory = resolve(options.directory);
    await checkDirectory(directory);
    const files = authorityFiles(directory);
    const root = await readCertificate(files.rootCertificate);
    const issuing = await readCertificate(files.issuingCertificate);
    const ca = new CertificateAuthority(directory, root, issuing, options);
    await ca.#index.read();
    if (ca.organization === "") throw fileError("ca_state", files.index, "is not the index of a CA");
    return ca;
  }

  /** As the CA's certificates call it. */
  get organization(): string {
    return this.#index.authority.organization;
  }

  /** Until when the root's CRL counts, as {@link rootCrl} made it last. */
  get rootCrlNextUpdate(): Date {
    return new Date(this.#index.crls.get("root")!.nextUpdate);
  }

  /** Makes a key and issues a certificate for it. */
  readonly issue = async (options: IssueOptions): Promise<IssuedKeyPair> => {
    checkOptions("issue", options, issueRules);
    const { passphrase, ...order } = options;
    const leaf = this.#checkOrder(order);
    const key = generatePrivateKey();
    const privateKey = await encodePrivateKey(key, passphrase);
    const issued = await this.#issue(publicKeyOf(key), () => leaf);
    return { ...issued, privateKey };
  };

  /**
   * Issues a certificate for the key of a certificate request. Nothing but the key is taken from the request: names, purpose
   * and life are those of the order.
   *
   * @throws TokenBindingError `certificate_request` also when the request is none, does not prove its key, or has a weak one
   */
  readonly sign = async (options: SignOptions): Promise<IssuedCertificate> => {
    checkOptions("sign", options, signRules);
    const { request, ...order } = options;
    const leaf = this.#checkOrder(order);
    return this.#issue(await readRequest(request), () => leaf);
  };

  /**
   * Issues a certificate of the same profile and names, for the key of a certificate request that the current certificate's
   * key has signed: what `createRenewalRequest` makes.
   *
   * @throws TokenBindingError `certificate_untrusted`, `certificate_revoked` or `certificate_expired` when the current
   *   certificate is not of this CA, revoked or expired, `certificate_request` when a key is not proven, or weak
   */
  readonly renew = async (options: RenewOptions): Promise<IssuedCertificate> => {
    checkOptions("renew", options, renewRules);
    const { certificate, request, proof, days } = options;
    const current = parseCertificate(certificate);
    checkRenewalProof(current, request, proof);
    const publicKey = await readRequest(request);
    return this.#issue(publicKey, () => {
      const { profile, names, serialNumber } = renewable(this.#index, current);
      return { profile, names, days, renews: serialNumber };
    });
  };

  /**
   * Revokes a certificate, for good. It bites once servers have the next CRL: {@link crl}. A certificate that is revoked
   * already stays as it is.
   *
   * @throws TokenBindingError `certificate_untrusted` when this CA has issued no such certificate
   */
  readonly revoke = async (options: RevokeOptions): Promise<CertificateRecord> => {
    checkOptions("revoke", options, revokeRules);
    const { reason = "unspecified" } = options;
    return this.#exclusive(() => {
      const issued = find(this.#index, options);
      const { serialNumber } = issued;
      if (!this.#index.revoked.has(serialNumber)) {
        this.#index.append({ type: "revoked", serialNumber, at: new Date().toISOString(), reason });
      }
      return recordOf(issued, this.#index.revoked.get(serialNumber));
    });
  };

  /** Makes the CRL of all certificates, and puts it in the place of the one in the directory, `crl.pem`. */
  readonly crl = async (options: CrlOptions = {}): Promise<MadeCrl> => {
    checkOptions("crl", options, crlRules);
    const key = await this.#signingKey();
    return this.#exclusive(() => {
      const { thisUpdate: previous = "" } = this.#index.crls.get("issuing") ?? {};
      // Out once it has been on a CRL that is later than its life, RFC 5280 section 3.3.
      const revoked = [...this.#index.revoked.values()].filter(
        ({ serialNumber }) => this.#index.issued.get(serialNumber)!.notAfter >= previous,
      );
      const fields = { issuer: this.#issuer, revoked };
      return this.#publishCrl("issuing", fields, key, options);
    });
  };

  /**
   * Makes the CRL of the root, `root.crl.pem`: an empty one, since the root has issued nothing but the issuing CA. It has to
   * be made anew before its year is over.
   */
  readonly rootCrl = async (options: RootCrlOptions = {}): Promise<MadeCrl> => {
    checkOptions("rootCrl", options, rootCrlRules);
    const { rootKey = this.#files.rootKey, rootPassphrase = this.#passphrase, days } = options;
    const issuer = readIssuer(this.rootCertificate);
    const key = decodePrivateKey(await readKeyFile(rootKey), rootPassphrase, rootKey);
    if (!issuer.certificate.checkPrivateKey(key))
      throw fileError("key_import", rootKey, "is not the key of this root");
    return this.#exclusive(() => this.#publishCrl("root", { issuer, revoked: [] }, key, { days }));
  };

  /** All certificates, in the order in which they were issued. */
  readonly list = async (): Promise<CertificateRecord[]> => {
    await this.#index.read();
    return Array.from(this.#index.issued.values(), (line) =>
      recordOf(line, this.#index.revoked.get(line.serialNumber)),
    );
  };

  #checkOrder({ profile, days, ...names }: CertificateOrder): Leaf {
    const checked = checkNames(names);
    checkProfile(profile, checked);
    checkPermitted(checked, this.#index.authority.permittedDomains);
    return { profile, names: checked, days };
  }

  /** `leafOf` is called when nobody else changes the index. */
  async #issue(publicKey: Uint8Array, leafOf: () => Leaf): Promise<IssuedCertificate> {
    const key = await this.#signingKey();
    return this.#exclusive(() => {
      const { profile, names, days = profiles[profile].days, renews } = leafOf();
      const { notBefore, notAfter } = validityOf(days);
      const issuerEnd = new Date(this.#issuer.certificate.validTo);
      if (notAfter > issuerEnd) {
        throw invalid(
          `days: expected a certificate that ends before its CA does, ${issuerEnd.toISOString()}, got ${days} days`,
        );
      }
      const serialNumber = newSerialNumber();
      const { organization } = this;
      const fields = { serialNumber, organization, profile, names, notBefore, notAfter, publicKey };
      const der = encodeLeaf(fields, this.#issuer, key);
      const hex = serialNumber.toString("hex");
      this.#index.append({
        type: "issued",
        serialNumber: hex,
        profile,
        names,
        notBefore: notBefore.toISOString(),
        notAfter: notAfter.toISOString(),
        sha256: fingerprintOf(der),
        renews,
      });
      const certificate = encodePem("CERTIFICATE", der);
      const chain = certificate + this.issuingCertificate;
      return { serialNumber: hex, certificate, chain, notBefore, notAfter };
    });
  }

  async #publishCrl(
    name: CrlLine["issuer"],
    fields: { readonly issuer: Issuer; readonly revoked: readonly RevokedLine[] },
    key: KeyObject,
    { days = crlDays[name], onProgress }: CrlOptions,
  ): Promise<MadeCrl> {
    const number = (this.#index.crls.get(name)?.number ?? 0) + 1;
    const { notBefore: thisUpdate, notAfter: nextUpdate } = validityOf(days);
    this.#index.append({
      type: "crl",
      issuer: name,
      number,
      thisUpdate: thisUpdate.toISOString(),
      nextUpdate: nextUpdate.toISOString(),
    });
    const crl = encodePem(
      "X509 CRL",
      await encodeCrl({ ...fields, number, thisUpdate, nextUpdate }, key, onProgress),
    );
    await replaceFile(name === "root" ? this.#files.rootCrl : this.#files.crl, crl, modes.open);
    return { crl, number, thisUpdate, nextUpdate, revoked: fields.revoked.length };
  }

  /** The issuing CA's key, read when it is first needed. */
  async #signingKey(): Promise<KeyObject> {
    if (this.#key !== undefined) return this.#key;
    const { issuingKey } = this.#files;
    const key = decodePrivateKey(await readKeyFile(issuingKey), this.#passphrase, issuingKey);
    if (!this.#issuer.certificate.checkPrivateKey(key)) {
      throw new TokenBindingError(
        "key_import",
        `${issuingKey} is not the key of ${this.#files.issuingCertificate}`,
      );
    }
    return (this.#key = key);
  }

  /** Does something with the index as it is now, while neither this process nor another one changes it. */
  #exclusive<T>(work: () => T | Promise<T>): Promise<T> {
    const result = this.#last.then(() =>
      withLock(this.#directory, async () => {
        await this.#index.read();
        return work();
      }),
    );
    this.#last = result.catch(() => undefined);
    return result;
  }
}

/** Whom a certificate is for, checked. */
interface Leaf {
  readonly profile: CertificateProfile;
  readonly names: CheckedNames;
  readonly days?: number | undefined;
  readonly renews?: string | undefined;
}

/** Its library takes a while to load, which most uses of a CA can do without. */
async function readRequest(request: string | Uint8Array): Promise<Uint8Array> {
  const { publicKeyOfRequest } = await import("./certificate-request.ts");
  return publicKeyOfRequest(request);
}

async function readCertificate(path: string): Promise<string> {
  try {
    const pem = await readFile(path, "utf8");
    parseCertificate(pem);
    return pem;
  } catch (cause) {
    throw fileError("ca_state", path, "cannot be read as a certificate", cause);
  }
}
