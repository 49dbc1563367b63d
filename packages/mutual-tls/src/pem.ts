import { TokenBindingError } from "@tokbind/codec";
import { described } from "@tokbind/codec/options";

/** Certificates or CRLs as files hold them: PEM, any number in a text, or DER, one in a Buffer; or a list of these. */
export type PemOrDer = string | Uint8Array | readonly (string | Uint8Array)[];

export type PemLabel = "CERTIFICATE" | "X509 CRL";

/**
 * The DER of each, in order. node:tls would read only the first CRL of a text that has several.
 *
 * @param owner - whose option it is, for the error message
 * @throws TokenBindingError `invalid_argument`
 */
export function readPemOrDer(owner: string, label: PemLabel, input: PemOrDer): Buffer[] {
  const list: readonly unknown[] = Array.isArray(input) ? input : [input];
  if (list.length === 0) throw invalid(owner, label, "an empty list");
  return list.flatMap((each) => {
    if (typeof each === "string") return readPem(owner, label, each);
    if (!(each instanceof Uint8Array)) throw invalid(owner, label, described(each));
    const bytes = Buffer.from(each);
    return bytes[0] === 0x30 ? [bytes] : readPem(owner, label, bytes.toString("latin1"));
  });
}

export function toPem(label: PemLabel, der: Buffer): string {
  const lines = der.toString("base64").replace(/.{64}(?!$)/g, "$&\n");
  return `-----BEGIN ${label}-----\n${lines}\n-----END ${label}-----\n`;
}

function readPem(owner: string, label: PemLabel, text: string): Buffer[] {
  // Some libraries say CRL where OpenSSL says X509 CRL.
  const names = label === "X509 CRL" ? "(?:X509 )?CRL" : label;
  const begins = text.match(new RegExp(`-----BEGIN ${names}-----`, "g")) ?? [];
  const blocks = [
    ...text.matchAll(new RegExp(`-----BEGIN ${names}-----([A-Za-z0-9+/=\\s]*)-----END ${names}-----`, "g")),
  ];
  if (blocks.length === 0) throw invalid(owner, label, "a text without one");
  if (blocks.length < begins.length) throw invalid(owner, label, "one that is broken");
  return blocks.map(([, base64 = ""]) => Buffer.from(base64, "base64"));
}

function invalid(owner: string, label: PemLabel, got: string): TokenBindingError {
  return new TokenBindingError("invalid_argument", `${owner}: expected ${label} in PEM or DER, got ${got}`);
}
