import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFile, rename, rm } from "node:fs/promises";
import {
  CertificateAuthority,
  createRenewalRequest,
  type IssuedCertificate,
  renewalTimeOf,
} from "@tokbind/ca";
import { print } from "../../output.ts";
import { certificateFile, keyFile, type NewFile, readPassphrase, readText, writeNewFiles } from "./files.ts";
import { describeIssued } from "./issued.ts";

export interface RenewCommandOptions {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
  readonly keyPassphraseFile?: string | undefined;
  readonly passphraseFile?: string | undefined;
  readonly out?: string | undefined;
  readonly inPlace?: boolean | undefined;
  readonly ifDue?: boolean | undefined;
  readonly days?: number | undefined;
  readonly json?: boolean | undefined;
}

/** `tokbind ca renew`: a new key and certificate for whoever holds the current ones. */
export async function renew(options: RenewCommandOptions): Promise<number> {
  const { ca: directory, cert, key, out, days, ifDue, json } = options;
  const passphrase = await readPassphrase(options.keyPassphraseFile);
  if (options.inPlace) await finishReplacing(cert, key, passphrase);
  const certificate = await readText(cert);
  const due = renewalTimeOf(certificate);
  if (ifDue && due.getTime() > Date.now()) {
    await print(
      json
        ? `${JSON.stringify({ renewed: false, due })}\n`
        : `${cert}: not due before ${due.toISOString()}; nothing was done\n`,
    );
    return 0;
  }
  const ca = await CertificateAuthority.open({
    directory,
    passphrase: await readPassphrase(options.passphraseFile),
  });
  const { privateKey, ...request } = await createRenewalRequest({
    certificate,
    privateKey: await readText(key),
    passphrase,
  });
  const files =
    out === undefined ? [newer(cert, 0o644), newer(key, 0o600)] : [certificateFile(out), keyFile(out)];
  let issued: IssuedCertificate | undefined;
  await writeNewFiles(files, async () => {
    issued = await ca.renew({ ...request, days });
    return [issued.chain, privateKey];
  });
  if (out === undefined) await replace(cert, key);
  const paths = out === undefined ? { cert, key } : { cert: files[0]!.path, key: files[1]!.path };
  await print(
    json
      ? `${JSON.stringify({ renewed: true, ...describeIssued(issued!), ...paths })}\n`
      : `${paths.cert}, ${paths.key}: serial number ${issued!.serialNumber}, until ${issued!.notAfter.toISOString()}\n` +
          `next: have it loaded by whoever uses it; the old one counts until it ends, or revoke it\n`,
  );
  return 0;
}

function newer(path: string, mode: number): NewFile {
  return { path: `${path}.new`, mode };
}

/** Key first: what is then missing, {@link finishReplacing} can tell and do. */
async function replace(cert: string, key: string): Promise<void> {
  await rename(`${key}.new`, key);
  await rename(`${cert}.new`, cert);
}

/** Ends what a renewal that was killed has begun: its new key may be in place already, and would not fit the old certificate. */
async function finishReplacing(cert: string, key: string, passphrase: string | undefined): Promise<void> {
  const left = await readFile(`${cert}.new`, "utf8").catch(() => undefined);
  if (left === undefined) return;
  if (isPair(left, await readText(key), passphrase)) await rename(`${cert}.new`, cert);
  await rm(`${cert}.new`, { force: true });
  await rm(`${key}.new`, { force: true });
}

function isPair(certificate: string, key: string, passphrase: string | undefined): boolean {
  try {
    const privateKey = createPrivateKey({ key, ...(passphrase === undefined ? {} : { passphrase }) });
    return new X509Certificate(certificate).checkPrivateKey(privateKey);
  } catch {
    return false;
  }
}
