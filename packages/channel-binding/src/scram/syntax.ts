import { TokenBindingError } from "@tokbind/codec";
import { malformed } from "./errors.ts";

// The messages of RFC 5802 section 7. What may be in a message, and where, is all decided here.

/** Longer than any honest message, in characters. */
const maximumLength = 8192;

const printable = String.raw`[\x21-\x2b\x2d-\x7e]+`; // all of ASCII that can be seen, but ","
const base64 = String.raw`(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?`;
const saslname = String.raw`(?:[^\0=,]|=2C|=3D)+`;
const extensions = String.raw`((?:,[A-Za-z]=[^\0,]+)*)`;

const clientFirst = new RegExp(
  `^((?:p=([A-Za-z0-9.-]+)|n|y),(?:a=(${saslname}))?,)((?:m=[^\\0,]+,)?n=(${saslname}),r=(${printable})${extensions})$`,
  "u",
);
const serverFirst = new RegExp(
  `^(?:m=[^\\0,]+,)?r=(${printable}),s=(${base64}),i=([1-9][0-9]{0,9})${extensions}$`,
  "u",
);
const clientFinal = new RegExp(`^(c=(${base64}),r=(${printable})${extensions}),p=(${base64})$`, "u");
const serverFinal = new RegExp(`^(?:e=([^\\0,]+)|v=(${base64}))${extensions}$`, "u");

/** client-first-message */
export interface ClientFirst {
  readonly gs2Header: string;
  /** `n`, `y` or `p` */
  readonly flag: string;
  /** cb-name after `p=` */
  readonly type: string | undefined;
  readonly authzid: string | undefined;
  readonly username: string;
  readonly nonce: string;
  /** client-first-message-bare */
  readonly bare: string;
}

/** server-first-message */
export interface ServerFirst {
  readonly nonce: string;
  readonly salt: Buffer;
  readonly iterations: number;
}

/** client-final-message */
export interface ClientFinal {
  readonly channelBinding: Buffer;
  readonly nonce: string;
  readonly proof: Buffer;
  readonly withoutProof: string;
}

/** server-final-message: one of the two. */
export interface ServerFinal {
  readonly error: string | undefined;
  readonly signature: Buffer;
}

export function parseClientFirst(text: string): ClientFirst {
  const [, gs2Header, type, authzid, bare, username, nonce, more] = match(
    clientFirst,
    text,
    "client-first-message",
    "gs2-header, n=, r=",
  );
  refuseMandatoryExtension(bare!, more!);
  return {
    gs2Header: gs2Header!,
    flag: gs2Header![0]!,
    type,
    authzid: authzid && decodeName(authzid),
    username: decodeName(username!),
    nonce: nonce!,
    bare: bare!,
  };
}

export function parseServerFirst(text: string): ServerFirst {
  const [, nonce, salt, iterations, more] = match(serverFirst, text, "server-first-message", "r=, s=, i=");
  refuseMandatoryExtension(text, more!);
  if (salt === "") throw malformed("server-first-message", "a salt");
  return { nonce: nonce!, salt: decodeBase64(salt!, "server-first-message"), iterations: Number(iterations) };
}

export function parseClientFinal(text: string): ClientFinal {
  const [, withoutProof, channelBinding, nonce, more, proof] = match(
    clientFinal,
    text,
    "client-final-message",
    "c=, r=, p=",
  );
  refuseMandatoryExtension("", more!);
  return {
    channelBinding: decodeBase64(channelBinding!, "client-final-message"),
    nonce: nonce!,
    proof: decodeBase64(proof!, "client-final-message"),
    withoutProof: withoutProof!,
  };
}

export function parseServerFinal(text: string): ServerFinal {
  // Some protocols let a server succeed without a word. That is a signature that is not there.
  if (text === "") return { error: undefined, signature: Buffer.alloc(0) };
  const [, error, signature = ""] = match(serverFinal, text, "server-final-message", "v= or e=");
  return { error, signature: decodeBase64(signature, "server-final-message") };
}

/** One text for one value: the last character may have unused bits, and they are zero. */
function decodeBase64(text: string, message: string): Buffer {
  const bytes = Buffer.from(text, "base64");
  if (bytes.toString("base64") !== text) throw malformed(message, "base64 whose unused bits are zero");
  return bytes;
}

/** saslname: a name as messages write it. */
export function encodeName(name: string): string {
  return name.replaceAll("=", "=3D").replaceAll(",", "=2C");
}

function decodeName(name: string): string {
  return name.replaceAll("=2C", ",").replaceAll("=3D", "=");
}

function match(pattern: RegExp, text: unknown, message: string, expected: string): RegExpExecArray {
  const found = typeof text === "string" && text.length <= maximumLength ? pattern.exec(text) : null;
  if (found === null) throw malformed(message, expected);
  return found;
}

/** RFC 5802 section 5.1: "m" makes an extension mandatory, and there is none that anybody knows. */
function refuseMandatoryExtension(text: string, extensions: string): void {
  if (!text.startsWith("m=") && !extensions.includes(",m=")) return;
  throw new TokenBindingError(
    "extensions_not_supported",
    "expected no mandatory extension, got m=, which RFC 5802 reserves",
  );
}
