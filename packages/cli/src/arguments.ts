import {
  checkKeyParameters,
  checkKeyParametersList,
  ekmLength,
  type KeyParameters,
  TokenBindingError,
} from "@tokbind/codec";
import { InvalidArgumentError } from "commander";

export function parseKeyParameters(value: string): KeyParameters {
  return asArgument(() => {
    checkKeyParameters(value);
    return value;
  });
}

export function parseKeyParametersList(value: string): readonly KeyParameters[] {
  const list = value.split(",");
  return asArgument(() => {
    checkKeyParametersList(list);
    return list;
  });
}

function asArgument<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (error instanceof TokenBindingError) throw new InvalidArgumentError(error.message);
    throw error;
  }
}

/** The 32 bytes of an EKM in hex, undefined when the text is anything else. */
export function ekmFromHex(value: unknown): Uint8Array | undefined {
  if (typeof value !== "string" || !/^[0-9a-f]{64}$/i.test(value)) return undefined;
  return Uint8Array.from(Buffer.from(value, "hex"));
}

export function parseEkm(value: string): Uint8Array {
  const ekm = ekmFromHex(value);
  if (ekm !== undefined) return ekm;
  throw new InvalidArgumentError(
    `expected ${ekmLength * 2} hex digits (${ekmLength} bytes), got ${value.length} characters.`,
  );
}

export function parsePort(value: string): number {
  const port = Number(value);
  if (/^\d{1,5}$/.test(value) && port <= 65535) return port;
  throw new InvalidArgumentError("expected a port, 0 to 65535.");
}

/** HOST, HOST:PORT, or an IPv6 address in brackets. */
export function parseDirectory(value: string): { host: string; port: number | undefined } {
  const [, inBrackets, name, port] =
    /^(?:\[([\da-f:.]+)\]|([^\s:/@[\]]+))(?::(\d{1,5}))?$/i.exec(value) ?? [];
  const host = inBrackets ?? name;
  const number = port === undefined ? undefined : Number(port);
  if (host !== undefined && (number === undefined || (number >= 1 && number <= 65535))) {
    return { host, port: number };
  }
  throw new InvalidArgumentError("expected HOST or HOST:PORT, such as dc.example.com or [::1]:636.");
}

export function parseTls(value: string): "1.2" | "1.3" {
  if (value === "1.2" || value === "1.3") return value;
  throw new InvalidArgumentError("expected 1.2 or 1.3.");
}

export function parseUrl(value: string): string {
  const protocol = URL.canParse(value) ? new URL(value).protocol : undefined;
  if (protocol === "https:" || protocol === "http:") return value;
  throw new InvalidArgumentError("expected a URL that begins with https:// or http://.");
}

/** The URL may hold a password, so the message does not show it. */
export function parseProxy(value: string): string {
  const protocol = URL.canParse(value) ? new URL(value).protocol : undefined;
  if (value === "environment" || protocol === "http:" || protocol === "https:") return value;
  throw new InvalidArgumentError('expected "environment", or a URL that begins with http:// or https://.');
}

// token of RFC 9110 section 5.6.2
const token = /^[\w!#$%&'*+.^`|~-]+$/;

export function parseMethod(value: string): string {
  if (token.test(value)) return value;
  throw new InvalidArgumentError("expected a method, such as PUT.");
}

/** A field line; `before` is what further -H have given, names and values in turn. */
export function parseHeader(line: string, before: readonly string[]): readonly string[] {
  const colon = line.indexOf(":");
  const name = line.slice(0, Math.max(0, colon)).trim();
  const value = line.slice(colon + 1).trim();
  // What field-value of RFC 9110 section 5.5 allows.
  if (token.test(name) && /^[\t\x20-\x7e\x80-\xff]*$/.test(value)) return [...before, name, value];
  throw new InvalidArgumentError('expected "Name: value".');
}

/** A host, which may be that of a URL; returns what stands between `https://` and `/`. */
export function parseSite(value: string): string {
  const text = value.includes("://") ? value : `https://${value}/`;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === "https:") return url.host;
  throw new InvalidArgumentError("expected a host, such as www.example.com.");
}

const units = { m: 60_000, h: 3_600_000, d: 86_400_000 };

/** A moment: that long ago, or in the form of RFC 3339, whose time may be left out. */
export function parseTime(value: string): Date {
  const [, count, unit] = /^(\d{1,6})([mhd])$/.exec(value) ?? [];
  if (unit !== undefined) return new Date(Date.now() - Number(count) * units[unit as keyof typeof units]);
  const isDate = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[+-]\d\d:\d\d))?$/.test(value);
  const date = new Date(value);
  if (isDate && !Number.isNaN(date.getTime())) return date;
  throw new InvalidArgumentError("expected a time, such as 90m, 1h or 7d ago, or 2026-11-25T18:00Z.");
}
