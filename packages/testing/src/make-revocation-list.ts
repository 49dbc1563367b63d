import "reflect-metadata";
import { webcrypto } from "node:crypto";
import { PemConverter, X509Certificate, X509CrlGenerator } from "@peculiar/x509";

/** Makes a CRL, PEM, in which the owner of a certificate of `makeCertificate` revokes it, or nothing. */
export async function makeRevocationList(
  issuer: { readonly cert: string; readonly key: string },
  { revoked }: { readonly revoked: boolean },
): Promise<string> {
  const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
  const [pkcs8] = PemConverter.decode(issuer.key);
  const signingKey = await webcrypto.subtle.importKey("pkcs8", pkcs8!, algorithm, false, ["sign"]);
  const { subject, serialNumber } = new X509Certificate(issuer.cert);
  const list = await X509CrlGenerator.create({
    issuer: subject,
    thisUpdate: new Date("2000-01-01"),
    nextUpdate: new Date("2099-12-31"),
    entries: revoked ? [{ serialNumber }] : [],
    signingKey,
    signingAlgorithm: algorithm,
  });
  // The label that OpenSSL knows.
  return list.toString("pem").replaceAll(/(?<=BEGIN |END )CRL/g, "X509 CRL");
}
