import { join } from "node:path";
import { CertificateAuthority, type RevocationReason } from "@tokbind/ca";
import { print } from "../../output.ts";
import { readPassphrase, readText } from "./files.ts";

export interface RevokeCommandOptions {
  readonly ca: string;
  readonly cert?: string | undefined;
  readonly reason?: RevocationReason | undefined;
  readonly passphraseFile?: string | undefined;
  readonly json?: boolean | undefined;
}

/** `tokbind ca revoke`: takes a certificate back, and makes the CRL that says so. */
export async function revoke(
  serialNumber: string | undefined,
  options: RevokeCommandOptions,
): Promise<number> {
  const { ca: directory, cert, reason } = options;
  const certificate = cert === undefined ? undefined : await readText(cert);
  const ca = await CertificateAuthority.open({
    directory,
    passphrase: await readPassphrase(options.passphraseFile),
  });
  const record = await ca.revoke({ serialNumber, certificate, reason });
  const { number, nextUpdate } = await ca.crl();
  const crl = join(directory, "crl.pem");
  const { at, reason: recorded } = record.revocation!;
  await print(
    options.json
      ? `${JSON.stringify({ serialNumber: record.serialNumber, at, reason: recorded, crl, crlNumber: number, nextUpdate })}\n`
      : `${record.serialNumber}: revoked at ${at.toISOString()}, ${recorded}; in ${crl}, number ${number}\n` +
          `next: give ${crl} to every server, which refuses the certificate from then on\n`,
  );
  return 0;
}
