import { join } from "node:path";
import { CertificateAuthority, type MadeCrl } from "@tokbind/ca";
import { TokenBindingError } from "@tokbind/codec";
import { print, warn } from "../../output.ts";
import { programName } from "../../program-name.ts";
import { readPassphrase } from "./files.ts";

export interface CrlCommandOptions {
  readonly ca: string;
  readonly days?: number | undefined;
  readonly passphraseFile?: string | undefined;
  readonly rootKey?: string | undefined;
  readonly rootPassphraseFile?: string | undefined;
  readonly json?: boolean | undefined;
}

/** `tokbind ca crl`: the next CRL of the issuing CA, and of the root if its key is at hand. */
export async function crl(options: CrlCommandOptions): Promise<number> {
  const { ca: directory, days } = options;
  const ca = await CertificateAuthority.open({
    directory,
    passphrase: await readPassphrase(options.passphraseFile),
  });
  const made = await ca.crl({ days, onProgress: process.stderr.isTTY ? showProgress : undefined });
  const root = await renewRootCrl(ca, options);
  const path = join(directory, "crl.pem");
  const rootPath = join(directory, "root.crl.pem");
  await print(
    options.json
      ? `${JSON.stringify({ crl: path, ...describe(made), rootCrl: rootPath, root: root && describe(root) })}\n`
      : `${path}: number ${made.number}, ${made.revoked} revoked, counts until ${made.nextUpdate.toISOString()}\n` +
          (root === undefined
            ? ""
            : `${rootPath}: number ${root.number}, counts until ${root.nextUpdate.toISOString()}\n`) +
          `next: give ${path} to every server; make the next one before this one has run out\n`,
  );
  return 0;
}

function describe({ number, revoked, thisUpdate, nextUpdate }: MadeCrl) {
  return { number, revoked, thisUpdate, nextUpdate };
}

function showProgress(done: number, total: number): void {
  warn(`\rcrl: ${done} of ${total}${done === total ? "\n" : ""}`);
}

const day = 24 * 60 * 60 * 1000;

/** Undefined when the root's key is kept off line; whoever has to fetch it is told in time. */
async function renewRootCrl(
  ca: CertificateAuthority,
  { ca: directory, rootKey, rootPassphraseFile }: CrlCommandOptions,
): Promise<MadeCrl | undefined> {
  if (rootKey !== undefined || rootPassphraseFile !== undefined) {
    return ca.rootCrl({ rootKey, rootPassphrase: await readPassphrase(rootPassphraseFile) });
  }
  try {
    return await ca.rootCrl();
  } catch (error) {
    if (!(error instanceof TokenBindingError) || !error.code.startsWith("key_")) throw error;
    const end = ca.rootCrlNextUpdate;
    if (end.getTime() - Date.now() < 60 * day) {
      const command = `${programName} ca crl --ca ${directory} --root-key FILE`;
      warn(
        `tokbind: the root's CRL counts until ${end.toISOString()}, and then nobody gets in: ${command}\n`,
      );
    }
    return undefined;
  }
}
