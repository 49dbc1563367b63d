import "reflect-metadata";
import { webcrypto } from "node:crypto";
import {
  BasicConstraintsExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
} from "@peculiar/x509";
import { privateKeyPem } from "./make-certificate.ts";

/** A certification authority of a test, PEM. */
export interface TestAuthority {
  readonly cert: string;
  /** A certificate for DNS names, and its key. */
  readonly issue: (
    ...names: [string, ...string[]]
  ) => Promise<{ readonly cert: string; readonly key: string }>;
}

const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
const validity = { notBefore: new Date("2000-01-01"), notAfter: new Date("2099-12-31") };

/** Makes a certification authority, for clients that have to check the names of several servers. */
export async function makeAuthority(): Promise<TestAuthority> {
  const generateKeys = () => webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const keys = await generateKeys();
  const root = await X509CertificateGenerator.createSelfSigned({
    name: "CN=Authority of tests",
    keys,
    signingAlgorithm: algorithm,
    ...validity,
    extensions: [
      new BasicConstraintsExtension(true, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign, true),
    ],
  });
  const issue: TestAuthority["issue"] = async (...names) => {
    const { publicKey, privateKey } = await generateKeys();
    const certificate = await X509CertificateGenerator.create({
      subject: `CN=${names[0]}`,
      issuer: root.subject,
      publicKey,
      signingKey: keys.privateKey,
      signingAlgorithm: algorithm,
      ...validity,
      extensions: [new SubjectAlternativeNameExtension(names.map((value) => ({ type: "dns", value })))],
    });
    return { cert: certificate.toString("pem"), key: await privateKeyPem(privateKey) };
  };
  return { cert: root.toString("pem"), issue };
}
