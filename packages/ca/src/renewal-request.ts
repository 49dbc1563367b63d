import { sign, verify, type X509Certificate } from "node:crypto";
import { TokenBindingError } from "@tokbind/codec";
import { checkOptions } from "@tokbind/codec/options";
import { isText, required } from "./options.ts";
import { parseCertificate } from "./parse-certificate.ts";
import { decodePrivateKey, encodePrivateKey, generatePrivateKey } from "./private-key.ts";

/** Options of {@link createRenewalRequest}. */
export interface CreateRenewalRequestOptions {
  /** The current certificate, PEM; what follows it is not read. */
  readonly certificate: string;
  /** Its private key, PEM. */
  readonly privateKey: string;
  /** Of the private key, if that is encrypted. The new one is encrypted by it as well. */
  readonly passphrase?: string | undefined;
}

/** What the owner of a certificate sends to the CA to have it renewed. No secret is in it. */
export interface RenewalRequest {
  readonly certificate: string;
  readonly request: string;
  readonly proof: string;
}

/** What a signature of a certificate's key is for: no handshake signs this, and no other message of ours. */
const purpose = Buffer.from("tokbind certificate renewal\0");

/**
 * Makes a new key, and the request to renew a certificate with it, which the current key signs. The CA's answer goes with
 * `privateKey`.
 *
 * @throws TokenBindingError `key_import` when the private key is none, or of another certificate
 * @example
 * const { privateKey, ...request } = await createRenewalRequest({ certificate, privateKey: currentKey });
 * const { chain } = await ca.renew(request);
 */
export async function createRenewalRequest(
  options: CreateRenewalRequestOptions,
): Promise<RenewalRequest & { readonly privateKey: string }> {
  checkOptions("createRenewalRequest", options, {
    certificate: required(isText),
    privateKey: required(isText),
    passphrase: isText,
  });
  const { certificate, privateKey, passphrase } = options;
  const currentKey = decodePrivateKey(privateKey, passphrase, "privateKey");
  const current = parseCertificate(certificate);
  if (!current.checkPrivateKey(currentKey)) {
    throw new TokenBindingError(
      "key_import",
      "privateKey: expected the key of the certificate, got another one",
    );
  }
  const { createCertificateRequest } = await import("./certificate-request.ts");
  const newKey = generatePrivateKey();
  const request = await createCertificateRequest(newKey);
  const proof = sign("sha256", dataOf(request), currentKey).toString("base64url");
  return { certificate, request, proof, privateKey: await encodePrivateKey(newKey, passphrase) };
}

/** @throws TokenBindingError `certificate_request` unless the current certificate's key has signed the request */
export function checkRenewalProof(current: X509Certificate, request: string, proof: string): void {
  const signature = Buffer.from(proof, "base64url");
  if (verify("sha256", dataOf(request), current.publicKey, signature)) return;
  throw new TokenBindingError(
    "certificate_request",
    "renewal: expected a signature over the request by the key of the current certificate, got another one",
  );
}

function dataOf(request: string): Buffer {
  return Buffer.concat([purpose, Buffer.from(request)]);
}
