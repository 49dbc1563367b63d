import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { CertificateAuthority, encodePkcs12, type CertificateOrder, type IssuedKeyPair } from "@tokbind/ca";
import { print } from "../../output.ts";
import { programName } from "../../program-name.ts";
import { certificateFile, keyFile, pkcs12File, readPassphrase, writeNewFiles } from "./files.ts";
import { describeIssued, orderOf } from "./issued.ts";

export interface IssueCommandOptions extends CertificateOrder {
  readonly ca: string;
  readonly out: string;
  readonly passphraseFile?: string | undefined;
  readonly keyPassphraseFile?: string | undefined;
  readonly pkcs12?: boolean | undefined;
  readonly pkcs12PasswordFile?: string | undefined;
  readonly json?: boolean | undefined;
}

/** `tokbind ca issue`: a key and a certificate, PEM, and PKCS #12 on request. */
export async function issue(options: IssueCommandOptions): Promise<number> {
  const { ca: directory, out, profile } = options;
  const hasPkcs12 = options.pkcs12 === true || options.pkcs12PasswordFile !== undefined;
  const passphrase = await readPassphrase(options.keyPassphraseFile);
  const given = await readPassphrase(options.pkcs12PasswordFile);
  const password = given ?? newPassword();
  const ca = await CertificateAuthority.open({
    directory,
    passphrase: await readPassphrase(options.passphraseFile),
  });
  const files = [certificateFile(out), keyFile(out), ...(hasPkcs12 ? [pkcs12File(out)] : [])];
  let issued: IssuedKeyPair | undefined;
  await writeNewFiles(files, async () => {
    issued = await ca.issue({ ...orderOf(options), passphrase });
    const { chain, privateKey } = issued;
    if (!hasPkcs12) return [chain, privateKey];
    const certificates = chain + ca.rootCertificate;
    const friendlyName = options.name ?? options.email;
    return [
      chain,
      privateKey,
      encodePkcs12({ certificates, privateKey, passphrase, password, friendlyName }),
    ];
  });
  const paths = {
    cert: files[0]!.path,
    key: files[1]!.path,
    ...(hasPkcs12 ? { pkcs12: files[2]!.path } : {}),
  };
  const secret = hasPkcs12 && given === undefined ? { pkcs12Password: password } : {};
  await print(
    options.json
      ? `${JSON.stringify({ ...describeIssued(issued!), profile, ...paths, ...secret })}\n`
      : `${Object.values(paths).join(", ")}: ${profile}, serial number ${issued!.serialNumber}, until ${issued!.notAfter.toISOString()}\n` +
          (secret.pkcs12Password === undefined ? "" : `password of ${paths.pkcs12}: ${password}\n`) +
          `next: ${nextStep(options, directory)}\n`,
  );
  return 0;
}

/** 120 bits, in letters that people can type on a phone. */
function newPassword(): string {
  const letters = "abcdefghijkmnpqrstuvwxyz23456789";
  return Array.from(randomBytes(24), (byte) => letters[byte & 31]).join("");
}

function nextStep({ profile, out }: IssueCommandOptions, directory: string): string {
  const pair = `--cert ${certificateFile(out).path} --key ${keyFile(out).path}`;
  const root = join(directory, "root.cert.pem");
  if (profile === "user" || profile === "device") {
    return `${programName} request ${pair} --ca ${root} https://localhost:8443/`;
  }
  const crls = `--crl ${join(directory, "crl.pem")} --crl ${join(directory, "root.crl.pem")}`;
  return `${programName} serve ${pair} --client-ca ${root} ${crls}`;
}
