import { CertificateAuthority, type CertificateRecord } from "@tokbind/ca";
import { print } from "../../output.ts";

export interface ListOptions {
  readonly ca: string;
  readonly json?: boolean | undefined;
}

/** `tokbind ca list`: a line for each certificate, or JSON. */
export async function list({ ca: directory, json }: ListOptions): Promise<number> {
  const ca = await CertificateAuthority.open({ directory });
  const certificates = await ca.list();
  await print(json ? `${JSON.stringify({ certificates })}\n` : certificates.map(describe).join(""));
  return 0;
}

function describe({ serialNumber, profile, names, notAfter, status }: CertificateRecord): string {
  const { name, email, uri, upn, dns = [], ip = [] } = names;
  const called = [name, email, uri, upn, ...dns, ...ip].filter((one) => one !== undefined);
  const end = notAfter.toISOString().slice(0, 10);
  return `${serialNumber}  ${status.padEnd(7)}  ${end}  ${profile.padEnd(7)}  ${called.join(", ")}\n`;
}
