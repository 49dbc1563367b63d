import { type DerReader, tags } from "./der-reader.ts";

/** An extension of a certificate or a CRL (RFC 5280 section 4.1). */
export interface Extension {
  /** The content of its OID, in hex. */
  readonly oid: string;
  readonly isCritical: boolean;
  /** Reads the DER in the extension's OCTET STRING. */
  readonly value: DerReader;
}

/** Reads a SEQUENCE OF Extension, and hands each on. */
export function readExtensions(reader: DerReader, take: (extension: Extension) => void): void {
  const list = reader.next(tags.sequence).inside();
  while (!list.isAtEnd) {
    const each = list.next(tags.sequence).inside();
    const oid = each.next(tags.oid).value().toString("hex");
    const isCritical = each.nextIs(tags.boolean) && each.next().value()[0] !== 0;
    const value = each.next(tags.octetString).inside();
    each.finish();
    take({ oid, isCritical, value });
  }
}
