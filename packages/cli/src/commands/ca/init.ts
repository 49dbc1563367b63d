import { join } from "node:path";
import { CertificateAuthority } from "@tokbind/ca";
import { print } from "../../output.ts";
import { programName } from "../../program-name.ts";
import { readPassphrase } from "./files.ts";

export interface InitOptions {
  readonly ca: string;
  readonly name: string;
  readonly permitDomain?: readonly string[] | undefined;
  readonly passphraseFile?: string | undefined;
  readonly rootKey?: string | undefined;
  readonly rootPassphraseFile?: string | undefined;
  readonly json?: boolean | undefined;
}

/** `tokbind ca init`: a root, an issuing CA, and an empty CRL of each. */
export async function init(options: InitOptions): Promise<number> {
  const { ca: directory, name, rootKey = join(directory, "root.key.pem") } = options;
  const ca = await CertificateAuthority.create({
    directory,
    organization: name,
    permittedDomains: options.permitDomain,
    passphrase: await readPassphrase(options.passphraseFile),
    rootKey: options.rootKey,
    rootPassphrase: await readPassphrase(options.rootPassphraseFile),
  });
  const rootCertificate = join(directory, "root.cert.pem");
  const made = {
    ca: directory,
    organization: ca.organization,
    rootCertificate,
    rootKey,
    rootCrl: join(directory, "root.crl.pem"),
    issuingCertificate: join(directory, "issuing.cert.pem"),
    crl: join(directory, "crl.pem"),
  };
  await print(
    options.json
      ? `${JSON.stringify(made)}\n`
      : `${directory}: certificate authority of ${ca.organization}\n` +
          `Servers and clients trust ${rootCertificate}. Keep ${rootKey} off line: it is needed once a year.\n` +
          `next: ${programName} ca issue --ca ${directory} --profile server --dns localhost --out server\n`,
  );
  return 0;
}
