import { createHash, type KeyObject, X509Certificate } from "node:crypto";
import { TokenBindingError } from "@tokbind/codec";
import { checkOptions, type OptionRule } from "@tokbind/codec/options";
import { type CertificateFields, readCertificate } from "./certificate/read-certificate.ts";
import { type PemOrDer, readPemOrDer, toPem } from "./pem.ts";
import { RevocationList } from "./revocation/revocation-list.ts";

/** Whose certificates count, and which of them do not any more. */
export interface AuthoritiesOptions {
  /**
   * The certificates of the CAs, root and issuing ones: PEM, bundles too, or DER. Without its certificate an issuing CA is
   * accepted where the client sends it; then its CRL is verified by OpenSSL in each handshake, which costs more.
   */
  readonly ca: PemOrDer;
  /**
   * Their CRLs: PEM, bundles too, or DER. If any is given, every CA of a client's chain needs one, the root for its
   * issuing CAs as well. Without, no certificate is ever revoked.
   */
  readonly crl?: PemOrDer | undefined;
}

const isMaterial: OptionRule = {
  expected: "PEM, DER or a list of these",
  test: (value) => typeof value === "string" || value instanceof Uint8Array || Array.isArray(value),
};

export const authoritiesRules = {
  ca: { ...isMaterial, required: true },
  crl: isMaterial,
} satisfies Record<keyof AuthoritiesOptions, OptionRule>;

/**
 * Others in their place: what is not given stays.
 *
 * @throws TokenBindingError `invalid_argument`
 */
export function reloaded(
  owner: string,
  { source }: Authorities,
  options: Partial<AuthoritiesOptions>,
): Authorities {
  checkOptions(owner, options, { ca: isMaterial, crl: isMaterial });
  const { ca = source.ca, crl = source.crl } = options;
  return new Authorities(owner, { ca, crl });
}

interface Authority {
  readonly fields: CertificateFields;
  readonly key: KeyObject;
  list: RevocationList | undefined;
}

/** One step of a chain: a serial number, and where it would be if it were revoked. */
interface Link {
  readonly serial: string;
  readonly list: RevocationList | undefined;
}

/** The way from a certificate up. */
export interface Chain {
  readonly links: readonly Link[];
  /** When the first of all these certificates expires, in milliseconds since 1970. */
  readonly notAfter: number;
  /** Whether the issuer's certificate is among those of the options, and so all above it. */
  readonly isKnown: boolean;
}

// Far more than a chain has; ends those that go round.
const maxDepth = 10;

/** What a TLS context needs, PEM one by one. */
export interface ContextOptions {
  readonly ca: string[];
  /** All, if there is one that only OpenSSL can verify, because its CA's certificate comes with the client's. */
  readonly crl: string[];
}

/** The CAs and CRLs of a verifier, from one reload to the next. */
export class Authorities {
  readonly checksRevocation: boolean;
  /** The options, for the next ones. */
  readonly source: AuthoritiesOptions;
  readonly contextOptions: ContextOptions;
  /** 32 characters that stand for {@link contextOptions}. */
  readonly digest: string;
  readonly #byName = new Map<string, Authority[]>();
  /** Lists of issuers whose certificates are not here. */
  readonly #unverified: RevocationList[] = [];
  readonly #lists: readonly RevocationList[];

  /** @throws TokenBindingError `invalid_argument` */
  constructor(owner: string, { ca, crl }: AuthoritiesOptions) {
    const certificates = readPemOrDer(`${owner}: ca`, "CERTIFICATE", ca).map((der) => parse(owner, der));
    for (const certificate of certificates) {
      const fields = readCertificate(certificate, "invalid_argument");
      const named = this.#byName.get(fields.subject) ?? [];
      named.push({ fields, key: certificate.publicKey, list: undefined });
      this.#byName.set(fields.subject, named);
    }
    this.checksRevocation = crl !== undefined;
    this.#lists =
      crl === undefined
        ? []
        : readPemOrDer(`${owner}: crl`, "X509 CRL", crl).map((der) => new RevocationList(der));
    for (const list of this.#lists) this.#assign(owner, list);
    const ders = certificates.map(({ raw }) => raw);
    const lists = this.#lists.map(({ der }) => der);
    this.source = { ca: ders, crl: crl && lists };
    const forOpenSsl = this.hasUnverifiedLists ? lists : [];
    this.contextOptions = {
      ca: ders.map((der) => toPem("CERTIFICATE", der)),
      crl: forOpenSsl.map((der) => toPem("X509 CRL", der)),
    };
    const hash = createHash("sha256");
    for (const der of [...ders, ...forOpenSsl]) hash.update(der);
    this.digest = hash.digest("hex").slice(0, 32);
  }

  /** Whether there are lists of CAs whose certificates are not here. */
  get hasUnverifiedLists(): boolean {
    return this.#unverified.length > 0;
  }

  /** Whether another one has the same CAs, in the same order. */
  hasCasOf(other: Authorities): boolean {
    return String(this.contextOptions.ca) === String(other.contextOptions.ca);
  }

  /** Whether a CA has been revoked by one of those whose certificates are here. */
  get hasRevokedAuthorities(): boolean {
    return this.#lists.some((list) => list.serials.size > 0 && !this.#unverified.includes(list));
  }

  /** @param certificate - of a chain that OpenSSL, or a trusted proxy's TLS, has accepted */
  chainOf(certificate: X509Certificate, fields: CertificateFields): Chain {
    const links: Link[] = [];
    let at = fields;
    let { notAfter } = fields;
    for (let issuer = this.#issuerOf(certificate, fields); issuer !== undefined && links.length < maxDepth;) {
      links.push({ serial: at.serial, list: issuer.list });
      at = issuer.fields;
      notAfter = Math.min(notAfter, at.notAfter);
      issuer = at.subject === at.issuer ? undefined : this.#candidates(at)[0];
    }
    if (links.length > 0) return { links, notAfter, isKnown: true };
    const list = newest(this.#unverified.filter((each) => isOfIssuer(each, fields)));
    return { links: [{ serial: fields.serial, list }], notAfter, isKnown: false };
  }

  /** Whether one of the CAs whose certificates are here has signed a certificate. */
  haveSigned(certificate: X509Certificate, fields: CertificateFields): boolean {
    return this.#candidates(fields).some(({ key }) => certificate.verify(key));
  }

  #issuerOf(certificate: X509Certificate, fields: CertificateFields): Authority | undefined {
    const candidates = this.#candidates(fields);
    const [only] = candidates;
    // OpenSSL has verified the signature, by a key that these identifiers name.
    const isNamed = fields.authorityKeyId !== undefined && only?.fields.subjectKeyId !== undefined;
    if (candidates.length === 1 && isNamed) return only;
    return candidates.find(({ key }) => certificate.verify(key));
  }

  #candidates({ issuer, authorityKeyId }: CertificateFields): Authority[] {
    const named = this.#byName.get(issuer) ?? [];
    return named.filter(({ fields }) => isSameIfBoth(fields.subjectKeyId, authorityKeyId));
  }

  /** Gives a list to the CA that signed it. */
  #assign(owner: string, list: RevocationList): void {
    const named = (this.#byName.get(list.issuer) ?? []).filter(({ fields }) =>
      isSameIfBoth(fields.subjectKeyId, list.authorityKeyId),
    );
    if (named.length === 0) {
      this.#unverified.push(list);
      return;
    }
    const signers = named.filter(({ key }) => list.isSignedBy(key));
    if (signers.length === 0) {
      throw new TokenBindingError(
        "invalid_argument",
        `${owner}: crl: expected CRLs that their CAs have signed, got one whose signature is not of the CA that it names`,
      );
    }
    for (const signer of signers) signer.list = newest([list, ...(signer.list ? [signer.list] : [])]);
  }
}

function isOfIssuer(list: RevocationList, { issuer, authorityKeyId }: CertificateFields): boolean {
  return list.issuer === issuer && isSameIfBoth(list.authorityKeyId, authorityKeyId);
}

function isSameIfBoth(a: string | undefined, b: string | undefined): boolean {
  return a === undefined || b === undefined || a === b;
}

function newest(lists: readonly RevocationList[]): RevocationList | undefined {
  return lists.toSorted((a, b) => b.thisUpdate - a.thisUpdate)[0];
}

function parse(owner: string, der: Buffer): X509Certificate {
  let certificate: X509Certificate | undefined;
  try {
    certificate = new X509Certificate(der);
  } catch {
    // Reported below: OpenSSL's own words say little.
  }
  if (certificate?.raw.equals(der)) return certificate;
  throw new TokenBindingError(
    "invalid_argument",
    `${owner}: ca: expected X.509 certificates, got other bytes`,
  );
}
