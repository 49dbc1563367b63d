import { CertificateAuthority, type CertificateOrder, type IssuedCertificate } from "@tokbind/ca";
import { print } from "../../output.ts";
import { certificateFile, readBytes, readPassphrase, writeNewFiles } from "./files.ts";
import { describeIssued, orderOf } from "./issued.ts";

export interface SignCommandOptions extends CertificateOrder {
  readonly ca: string;
  readonly request: string;
  readonly out: string;
  readonly passphraseFile?: string | undefined;
  readonly json?: boolean | undefined;
}

/** `tokbind ca sign`: a certificate for the key of a certificate request. */
export async function sign(options: SignCommandOptions): Promise<number> {
  const request = await readRequest(options.request);
  const ca = await CertificateAuthority.open({
    directory: options.ca,
    passphrase: await readPassphrase(options.passphraseFile),
  });
  const file = certificateFile(options.out);
  let issued: IssuedCertificate | undefined;
  await writeNewFiles([file], async () => {
    issued = await ca.sign({ ...orderOf(options), request });
    return [issued.chain];
  });
  const { profile } = options;
  await print(
    options.json
      ? `${JSON.stringify({ ...describeIssued(issued!), profile, cert: file.path })}\n`
      : `${file.path}: ${profile}, serial number ${issued!.serialNumber}, until ${issued!.notAfter.toISOString()}\n` +
          `next: give it to the owner of the key, who knows that it counts until then\n`,
  );
  return 0;
}

async function readRequest(path: string): Promise<string | Uint8Array> {
  const bytes = await readBytes(path);
  // DER of a SEQUENCE begins with 0, which no PEM does.
  return bytes[0] === 0x30 ? bytes : Buffer.from(bytes).toString("utf8");
}
