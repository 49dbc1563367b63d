import { decodeBase64url, encodeBase64url, TokenBindingError } from "@tokbind/codec";
import { described } from "@tokbind/codec/options";
import { checkBytes, isBytes } from "./check-arguments.ts";

/** The two kinds of PEM text (RFC 7468 sections 10 and 13) that this package writes and reads. */
export type PemLabel = "PUBLIC KEY" | "PRIVATE KEY";

const labels: readonly PemLabel[] = ["PUBLIC KEY", "PRIVATE KEY"];

/**
 * Wraps DER in PEM, RFC 7468.
 *
 * @param label - `PUBLIC KEY` for {@link exportSpki}, `PRIVATE KEY` for {@link exportPkcs8}
 * @returns lines of 64 characters, with a line feed after each
 * @throws TokenBindingError `invalid_argument` for another label, and for anything but bytes
 * @example
 * const pem = encodePem("PUBLIC KEY", exportSpki(key.id));
 */
export function encodePem(label: PemLabel, der: Uint8Array): string {
  if (!labels.includes(label)) {
    throw new TokenBindingError(
      "invalid_argument",
      `PEM label: expected ${labels.join(" or ")}, got ${described(label)}`,
    );
  }
  checkBytes("DER", der);
  const base64 = encodeBase64url(der).replaceAll("-", "+").replaceAll("_", "/");
  const padded = base64.padEnd(Math.ceil(base64.length / 4) * 4, "=");
  return `-----BEGIN ${label}-----\n${padded.replace(/.{1,64}/g, "$&\n")}-----END ${label}-----\n`;
}

/** The bytes of a key given as DER, or as PEM with this label. */
export function derOf(key: Uint8Array | string, label: PemLabel): Uint8Array {
  const given: unknown = key;
  if (typeof given === "string") return decodePem(given, label);
  // Copied, because `slice` of a Buffer shares its memory.
  if (isBytes(given)) return new Uint8Array(given);
  throw new TokenBindingError(
    "key_import",
    `${label.toLowerCase()}: expected DER in a Uint8Array or PEM in a string, got ${described(given)}`,
  );
}

function decodePem(text: string, label: PemLabel): Uint8Array {
  const match = /^\s*-----BEGIN ([A-Z0-9 ]+)-----([A-Za-z0-9+/\s]+)(?:={1,2}\s*)?-----END \1-----\s*$/.exec(
    text,
  );
  if (match?.[1] !== label) {
    throw new TokenBindingError(
      "key_import",
      `PEM: expected one block "${label}", got ${described(match?.[1])}; convert other kinds with ` +
        (label === "PRIVATE KEY"
          ? "openssl pkcs8 -topk8 -nocrypt"
          : "openssl pkey -pubin -pubout, or extract with openssl pkey -pubout"),
    );
  }
  try {
    return decodeBase64url(match[2]!.replace(/\s/g, "").replaceAll("+", "-").replaceAll("/", "_"));
  } catch {
    throw new TokenBindingError("key_import", `PEM: expected base64 within "${label}", got other text`);
  }
}
