import { createHmac } from "node:crypto";
import { ascii, base64url, type Bytes } from "./bytes.ts";
import type { Fields } from "../group.ts";

/** In 2100: the vectors hold until then. */
export const farFuture = 4102444800;

const encode = (value: Fields) => base64url(ascii(JSON.stringify(value)));

/** A JWS in compact form (RFC 7515 section 7.1) with an HMAC, or without. */
export function jwt(claims: Fields, key: Bytes, header: Fields = { alg: "HS256", typ: "JWT" }): string {
  const input = `${encode(header)}.${encode(claims)}`;
  const algorithm = header["alg"];
  if (typeof algorithm !== "string" || !algorithm.startsWith("HS")) return `${input}.`;
  return `${input}.${createHmac(`sha${algorithm.slice(2)}`, key)
    .update(input)
    .digest("base64url")}`;
}

/** The token with other claims, or another header, and its old signature. */
export function withPart(token: string, index: 0 | 1, edit: (value: Fields) => Fields): string {
  const parts = token.split(".");
  const value = JSON.parse(Buffer.from(parts[index]!, "base64url").toString()) as Fields;
  parts[index] = encode(edit(value));
  return parts.join(".");
}

/** The claims without one. */
export function omit(claims: Fields, name: string): Fields {
  return Object.fromEntries(Object.entries(claims).filter(([key]) => key !== name));
}
