import { randomUUID, type KeyObject } from "node:crypto";
import { lstat, mkdir, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { TokenBindingError } from "@tokbind/codec";
import { authorityFiles } from "./authority-files.ts";
import {
  encodeCertificate,
  type Issuer,
  keyIdentifierOf,
  newSerialNumber,
  readIssuer,
} from "./certificate.ts";
import { encodeCrl } from "./crl.ts";
import { fileError, isCode } from "./errors.ts";
import {
  authorityKeyIdentifier,
  caConstraints,
  caKeyUsage,
  distinguishedName,
  nameConstraints,
  subjectKeyIdentifier,
} from "./extensions.ts";
import { createFile, modes, syncDirectory } from "./files.ts";
import type { IndexLine } from "./index-file.ts";
import { encodePem } from "./pem.ts";
import { encodePrivateKey, generatePrivateKey, publicKeyOf } from "./private-key.ts";
import { validityOf } from "./validity.ts";

/** What a new CA is made with; everything has been checked. */
export interface NewAuthority {
  readonly directory: string;
  readonly organization: string;
  readonly permittedDomains: readonly string[];
  readonly passphrase?: string | undefined;
  readonly rootKey?: string | undefined;
  readonly rootPassphrase?: string | undefined;
}

/** How long CAs live. */
const rootDays = 3650;
const issuingDays = 1825;
/** How long a CRL counts when nothing else is asked for: the root's is made by hand. */
export const crlDays = { root: 365, issuing: 7 };

/**
 * Makes the directory of a CA: whole, in a place of its own, and then it gets its name. Nothing that is there already is
 * touched, and whoever dies on the way leaves nothing that counts.
 */
export async function createAuthority(authority: NewAuthority): Promise<void> {
  const { directory, rootKey } = authority;
  await refuseExisting(directory);
  const temporary = `${directory}.new-${randomUUID()}`;
  let isRootKeyElsewhere = false;
  try {
    await mkdir(temporary, { recursive: true, mode: 0o700 });
    const rootKeyPem = await writeAuthority(temporary, authority);
    if (rootKey !== undefined) {
      await createFile(rootKey, rootKeyPem, modes.secret);
      isRootKeyElsewhere = true;
    }
    await syncDirectory(temporary);
    await rename(temporary, directory);
  } catch (error) {
    await rm(temporary, { recursive: true, force: true }).catch(() => undefined);
    if (isRootKeyElsewhere) await rm(rootKey!, { force: true }).catch(() => undefined);
    if (isCode(error, "ENOTEMPTY") || isCode(error, "EEXIST")) throw exists(directory);
    if (error instanceof TokenBindingError) throw error;
    throw fileError("ca_state", directory, "cannot be made", error);
  }
  await syncDirectory(dirname(directory));
}

async function refuseExisting(directory: string): Promise<void> {
  // An empty directory is as good as none; rename finds out.
  const found = await lstat(directory).catch(() => undefined);
  if (found !== undefined && !found.isDirectory()) throw exists(directory);
}

function exists(directory: string): Error {
  return fileError(
    "ca_state",
    directory,
    "exists already, and nothing is overwritten: choose another directory",
  );
}

/** @returns the root's key, PEM, which is in a file only if it is not to be elsewhere */
async function writeAuthority(directory: string, authority: NewAuthority): Promise<string> {
  const { organization, permittedDomains, passphrase, rootPassphrase = passphrase } = authority;
  const files = authorityFiles(directory);
  const rootKey = generatePrivateKey();
  const issuingKey = generatePrivateKey();
  const rootPem = encodePem("CERTIFICATE", rootCertificate(organization, rootKey));
  const root = readIssuer(rootPem);
  const issuingPem = encodePem(
    "CERTIFICATE",
    issuingCertificate(organization, permittedDomains, root, rootKey, issuingKey),
  );
  const issuing = readIssuer(issuingPem);
  const rootCrl = await firstCrl("root", root, rootKey);
  const crl = await firstCrl("issuing", issuing, issuingKey);
  const lines: IndexLine[] = [
    { type: "authority", version: 1, organization, permittedDomains },
    rootCrl.line,
    crl.line,
  ];
  const rootKeyPem = await encodePrivateKey(rootKey, rootPassphrase);
  await createFile(files.issuingKey, await encodePrivateKey(issuingKey, passphrase), modes.secret);
  if (authority.rootKey === undefined) await createFile(files.rootKey, rootKeyPem, modes.secret);
  await createFile(files.rootCertificate, rootPem, modes.open);
  await createFile(files.issuingCertificate, issuingPem, modes.open);
  await createFile(files.rootCrl, rootCrl.pem, modes.open);
  await createFile(files.crl, crl.pem, modes.open);
  await createFile(files.index, lines.map((line) => `${JSON.stringify(line)}\n`).join(""), modes.secret);
  return rootKeyPem;
}

function rootCertificate(organization: string, key: KeyObject): Buffer {
  const subject = authorityName(organization, "Root CA");
  const publicKey = publicKeyOf(key);
  const keyIdentifier = keyIdentifierOf(publicKey);
  const extensions = [
    caConstraints(),
    caKeyUsage,
    subjectKeyIdentifier(keyIdentifier),
    authorityKeyIdentifier(keyIdentifier),
  ];
  const serialNumber = newSerialNumber();
  const validity = validityOf(rootDays);
  return encodeCertificate(
    { serialNumber, issuer: subject, subject, ...validity, publicKey, extensions },
    key,
  );
}

function issuingCertificate(
  organization: string,
  permittedDomains: readonly string[],
  root: Issuer,
  rootKey: KeyObject,
  key: KeyObject,
): Buffer {
  const publicKey = publicKeyOf(key);
  const extensions = [
    caConstraints(0),
    caKeyUsage,
    subjectKeyIdentifier(keyIdentifierOf(publicKey)),
    authorityKeyIdentifier(root.keyIdentifier),
    ...(permittedDomains.length === 0 ? [] : [nameConstraints(permittedDomains)]),
  ];
  return encodeCertificate(
    {
      serialNumber: newSerialNumber(),
      issuer: root.subject,
      subject: authorityName(organization, "Issuing CA"),
      ...validityOf(issuingDays),
      publicKey,
      extensions,
    },
    rootKey,
  );
}

/** With the organization in the common name too, where that has room: it is what programs show. */
function authorityName(organization: string, role: string): Buffer {
  const name = `${organization} ${role}`;
  return distinguishedName(organization, Array.from(name).length <= 64 ? name : role);
}

async function firstCrl(name: "root" | "issuing", issuer: Issuer, key: KeyObject) {
  const { notBefore: thisUpdate, notAfter: nextUpdate } = validityOf(crlDays[name]);
  const number = 1;
  const crl = await encodeCrl({ issuer, number, thisUpdate, nextUpdate, revoked: [] }, key, undefined);
  const line: IndexLine = {
    type: "crl",
    issuer: name,
    number,
    thisUpdate: thisUpdate.toISOString(),
    nextUpdate: nextUpdate.toISOString(),
  };
  return { pem: encodePem("X509 CRL", crl), line };
}
