import "reflect-metadata";
import { type KeyObject, webcrypto } from "node:crypto";
import { Pkcs10CertificateRequest, Pkcs10CertificateRequestGenerator } from "@peculiar/x509";
import { TokenBindingError } from "@tokbind/codec";
import { encodePem } from "./pem.ts";
import { publicKeyOf } from "./private-key.ts";
import { readPublicKey } from "./public-key.ts";

/** A request with RSA of 8,192 bits takes 2.5 KB; extensions that nobody reads may take some more. */
const maxRequestSize = 64 * 1024;

/**
 * The public key of a certificate request (PKCS #10, RFC 2986) that proves its private key: all that is taken from one. The
 * names, purposes and flags that it asks for are never looked at.
 *
 * @param request - PEM or DER
 * @returns SubjectPublicKeyInfo, DER
 * @throws TokenBindingError `certificate_request` for what is none, proves nothing, or has a weak key
 */
export async function publicKeyOfRequest(request: string | Uint8Array): Promise<Uint8Array> {
  if (request.length > maxRequestSize) {
    throw refused(`expected at most ${maxRequestSize} bytes, got ${request.length}`);
  }
  const parsed = parse(typeof request === "string" ? derOf(request) : request);
  const publicKey = new Uint8Array(parsed.publicKey.rawData);
  readPublicKey(publicKey);
  const isProven = await parsed.verify(webcrypto).catch(() => false);
  if (!isProven) throw refused("expected a signature by the key in it, got another one");
  return publicKey;
}

/** A request that proves its key and asks for nothing: whom the certificate is for, the CA knows. */
export async function createCertificateRequest(privateKey: KeyObject): Promise<string> {
  const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
  const pkcs8 = privateKey.export({ type: "pkcs8", format: "der" });
  const { subtle } = webcrypto;
  const keys = {
    privateKey: await subtle.importKey("pkcs8", pkcs8, algorithm, false, ["sign"]),
    publicKey: await subtle.importKey("spki", publicKeyOf(privateKey), algorithm, true, ["verify"]),
  };
  const request = await Pkcs10CertificateRequestGenerator.create(
    { keys, signingAlgorithm: algorithm },
    webcrypto,
  );
  return encodePem("CERTIFICATE REQUEST", new Uint8Array(request.rawData));
}

function parse(der: Uint8Array): Pkcs10CertificateRequest {
  try {
    return new Pkcs10CertificateRequest(Uint8Array.from(der));
  } catch {
    throw refused("expected PKCS #10 in PEM or DER, got something else");
  }
}

function derOf(pem: string): Uint8Array {
  const match = /-----BEGIN ((?:NEW )?CERTIFICATE REQUEST)-----([A-Za-z0-9+/=\s]+)-----END \1-----/.exec(pem);
  if (match === null) throw refused('expected PEM "CERTIFICATE REQUEST", got other text');
  return Buffer.from(match[2]!, "base64");
}

function refused(reason: string): TokenBindingError {
  return new TokenBindingError("certificate_request", `certificate request: ${reason}`);
}
