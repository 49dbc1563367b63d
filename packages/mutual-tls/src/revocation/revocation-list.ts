import { type KeyObject, verify } from "node:crypto";
import { TokenBindingError } from "@tokbind/codec";
import { authorityKeyIdentifier, authorityKeyIdText, nameText } from "../certificate/read-certificate.ts";
import { DerReader, tags } from "../der/der-reader.ts";
import { readExtensions } from "../der/extensions.ts";

/** Hashes of the signature algorithms, by the hex of their OIDs; null where the algorithm has its own. */
const hashes: ReadonlyMap<string, string | null> = new Map([
  ["2a8648ce3d040302", "sha256"],
  ["2a8648ce3d040303", "sha384"],
  ["2a8648ce3d040304", "sha512"],
  ["2a864886f70d01010b", "sha256"],
  ["2a864886f70d01010c", "sha384"],
  ["2a864886f70d01010d", "sha512"],
  ["2b6570", null],
  ["2b6571", null],
]);

/**
 * A CRL (RFC 5280 section 5): the serial numbers that one CA has revoked. It has to be a whole one: delta CRLs, indirect
 * ones and those of one distribution point have critical extensions, and are refused.
 */
export class RevocationList {
  readonly der: Buffer;
  /** The issuer's name, and the identifier of its key if the list has one, as readCertificate gives them. */
  readonly issuer: string;
  readonly authorityKeyId: string | undefined;
  /** Milliseconds since 1970. */
  readonly thisUpdate: number;
  readonly nextUpdate: number;
  readonly serials: ReadonlySet<string>;
  readonly #signed: Buffer;
  readonly #algorithm: string;
  readonly #signature: Buffer;

  /** @throws TokenBindingError `invalid_argument` */
  constructor(der: Buffer) {
    this.der = der;
    const reader = new DerReader(der, { code: "invalid_argument", what: "CRL" });
    const list = reader.next(tags.sequence).inside();
    reader.finish();
    this.#signed = list.next(tags.sequence).whole();
    const tbs = list.inside();
    this.#algorithm = list.next(tags.sequence).whole().toString("hex");
    // The first byte counts unused bits, of which a signature has none.
    const signature = list.next(tags.bitString).value();
    if (signature[0] !== 0) throw list.invalid("expected a signature of whole bytes");
    this.#signature = signature.subarray(1);
    list.finish();

    if (tbs.nextIs(tags.integer)) tbs.next();
    if (tbs.next(tags.sequence).whole().toString("hex") !== this.#algorithm) {
      throw tbs.invalid("expected the signature algorithm of the outside");
    }
    this.issuer = nameText(tbs);
    this.thisUpdate = tbs.time();
    if (!tbs.nextIs(tags.utcTime) && !tbs.nextIs(tags.generalizedTime)) {
      throw tbs.invalid("expected nextUpdate, got a CRL that never expires");
    }
    this.nextUpdate = tbs.time();
    this.serials = tbs.nextIs(tags.sequence) ? readSerials(tbs.next()) : new Set();
    let keyId: string | undefined;
    if (tbs.nextIs(0xa0)) {
      readExtensions(tbs.next().inside(), ({ oid, isCritical, value }) => {
        if (oid === authorityKeyIdentifier) keyId = authorityKeyIdText(value);
        else if (isCritical) throw unsupported();
      });
    }
    tbs.finish();
    this.authorityKeyId = keyId;
  }

  /**
   * Whether the owner of this key has signed the list.
   *
   * @throws TokenBindingError `invalid_argument` for an algorithm that is not supported
   */
  isSignedBy(key: KeyObject): boolean {
    const reader = new DerReader(Buffer.from(this.#algorithm, "hex"), {
      code: "invalid_argument",
      what: "CRL",
    });
    const oid = reader.next().inside().next(tags.oid).value().toString("hex");
    const hash = hashes.get(oid);
    if (hash === undefined) {
      throw reader.invalid("expected a signature by ECDSA, RSA (PKCS #1) or EdDSA, with SHA-256 or longer");
    }
    return verify(hash, this.#signed, key, this.#signature);
  }
}

/** Of the SEQUENCE OF revoked certificates that was read last; it may have 100,000 entries. */
function readSerials(list: DerReader): Set<string> {
  const serials = new Set<string>();
  const entries = list.inside();
  const entry = list.inside();
  while (!entries.isAtEnd) {
    entries.next(tags.sequence);
    entry.move(entries.content, entries.end).next(tags.integer);
    serials.add(entry.integerText());
    // The date is of no interest: a certificate that is in the list is revoked.
    entry.next();
    if (!entry.isAtEnd) checkEntryExtensions(entry);
    entry.finish();
  }
  return serials;
}

function checkEntryExtensions(entry: DerReader): void {
  readExtensions(entry, ({ isCritical }) => {
    if (isCritical) throw unsupported();
  });
}

function unsupported(): TokenBindingError {
  return new TokenBindingError(
    "invalid_argument",
    "CRL: expected the whole list of one CA, got one with a critical extension: a delta, an indirect or a partial CRL",
  );
}
