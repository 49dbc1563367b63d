import type { KeyObject } from "node:crypto";
import { setImmediate as others } from "node:timers/promises";
import { type Issuer, signatureAlgorithm, signed } from "./certificate.ts";
import { integer, sequence, tagged, time } from "./der.ts";
import { authorityKeyIdentifier, crlNumber, reasonCode } from "./extensions.ts";
import type { RevokedLine } from "./index-file.ts";
import { revocationReasons } from "./revocation-reason.ts";

/** Called now and then with how much of a long work is done. */
export type OnProgress = (done: number, total: number) => void;

export interface CrlFields {
  readonly issuer: Issuer;
  readonly number: number;
  readonly thisUpdate: Date;
  readonly nextUpdate: Date;
  readonly revoked: readonly RevokedLine[];
}

/** Entries encoded before others have their turn. */
const chunkLength = 5_000;

/** A CRL of version 2, RFC 5280 section 5, in DER. */
export async function encodeCrl(
  fields: CrlFields,
  issuerKey: KeyObject,
  onProgress: OnProgress | undefined,
): Promise<Buffer> {
  const { issuer, number, thisUpdate, nextUpdate, revoked } = fields;
  const chunks: Buffer[] = [];
  for (let from = 0; from < revoked.length; from += chunkLength) {
    if (from > 0) await others();
    const chunk = revoked.slice(from, from + chunkLength);
    chunks.push(Buffer.concat(chunk.map(encodeEntry)));
    onProgress?.(from + chunk.length, revoked.length);
  }
  const tbs = sequence(
    integer(1),
    signatureAlgorithm,
    issuer.subject,
    time(thisUpdate),
    time(nextUpdate),
    // Absent when empty, section 5.1.2.6.
    ...(chunks.length === 0 ? [] : [sequence(...chunks)]),
    tagged(0, sequence(authorityKeyIdentifier(issuer.keyIdentifier), crlNumber(number))),
  );
  return signed(tbs, issuerKey);
}

const entryExtensions = new Map(
  Object.entries(revocationReasons)
    .filter(([, code]) => code !== revocationReasons.unspecified)
    .map(([reason, code]) => [reason, sequence(reasonCode(code))]),
);

function encodeEntry({ serialNumber, at, reason }: RevokedLine): Buffer {
  const extensions = entryExtensions.get(reason);
  const parts = [integer(Buffer.from(serialNumber, "hex")), time(new Date(at))];
  return extensions === undefined ? sequence(...parts) : sequence(...parts, extensions);
}
