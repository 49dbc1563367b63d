import { isIP, isIPv6 } from "node:net";
import { domainToASCII } from "node:url";
import { described } from "@tokbind/codec/options";
import { invalid } from "./errors.ts";

/**
 * Whom a certificate is for. All of it is data: a comma, a `#` or an equals sign means itself, and what could be taken for
 * the syntax of a name (line breaks, NUL) or for another name is refused.
 */
export interface CertificateNames {
  /** For people, in the subject as the common name: 1 to 64 characters. Nothing reads it but people. */
  readonly name?: string | undefined;
  /** Host names; of IDNA names either form. A first label `*` stands for one label. */
  readonly dns?: readonly string[] | undefined;
  /** IPv4 and IPv6 addresses. */
  readonly ip?: readonly string[] | undefined;
  readonly email?: string | undefined;
  /** What a device or service is called, such as `urn:uuid:…` or `spiffe://…`: at most 2,048 characters. */
  readonly uri?: string | undefined;
  /** User principal name, for directories of Microsoft's kind. */
  readonly upn?: string | undefined;
}

/** Names in their one form: as in the certificate, and in the index. */
export interface CheckedNames extends CertificateNames {
  readonly dns: readonly string[];
  readonly ip: readonly string[];
}

// ub-common-name and ub-organization-name, RFC 5280 appendix A.1.
const maxTextLength = 64;
const maxUriLength = 2048;
const maxAlternativeNames = 100;

/** @throws TokenBindingError `invalid_argument` for names that cannot stand in a certificate as they are */
export function checkNames(names: CertificateNames): CheckedNames {
  const { name, dns = [], ip = [], email, uri, upn } = names;
  const count = dns.length + ip.length;
  if (count > maxAlternativeNames) {
    throw invalid(`names: expected at most ${maxAlternativeNames} host names and addresses, got ${count}`);
  }
  return {
    ...(name === undefined ? {} : { name: checkText("name", name) }),
    dns: [...new Set(dns.map((one) => checkDns("dns", one, { wildcard: true })))],
    ip: [...new Set(ip.map(checkIp))],
    ...(email === undefined ? {} : { email: checkEmail(email) }),
    ...(uri === undefined ? {} : { uri: checkUri(uri) }),
    ...(upn === undefined ? {} : { upn: checkUpn(upn) }),
  };
}

/** Text for people: what would end a line, hide, or turn the direction of writing is refused. */
export function checkText(field: string, value: string): string {
  if (isText(value)) return value.normalize("NFC");
  throw invalid(
    `${field}: expected 1 to ${maxTextLength} characters, no control characters among them, got ${described(value)}`,
  );
}

/** Whether a text has a place in a distinguished name. */
export function isText(value: string): boolean {
  const { length } = Array.from(value.normalize("NFC").slice(0, 2 * maxTextLength + 1));
  return length >= 1 && length <= maxTextLength && !/[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}]/u.test(value);
}

/** A host name as A-labels, in lower case. */
export function checkDns(field: string, value: string, { wildcard = false } = {}): string {
  const isWild = wildcard && value.startsWith("*.");
  const host = isWild ? value.slice(2) : value;
  // Letters, marks and digits of any script, before IDNA maps them; it would take percent signs and addresses as well.
  const isPlausible = host.length <= 253 && /^[\p{L}\p{M}\p{N}.-]+$/u.test(host);
  const ascii = isPlausible ? domainToASCII(host) : "";
  const labels = ascii.split(".");
  const isHost =
    ascii.length + (isWild ? 2 : 0) <= 253 &&
    labels.every((label) => /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(label)) &&
    !/^\d+$/.test(labels.at(-1)!) &&
    (!isWild || labels.length >= 2);
  if (isHost) return isWild ? `*.${ascii}` : ascii;
  const form = wildcard ? "a host name, or *. and a host name of two labels or more" : "a host name";
  throw invalid(`${field}: expected ${form}, got ${described(value)}`);
}

function checkIp(value: string): string {
  if (!isIP(value) || value.includes("%")) {
    throw invalid(`ip: expected an IPv4 or IPv6 address, got ${described(value)}`);
  }
  // One form for each address, since the index is searched by it.
  return isIPv6(value) ? new URL(`http://[${value}]`).hostname.slice(1, -1) : value;
}

/** The 4 or 16 bytes of an address. */
export function ipBytes(address: string): Buffer {
  if (!isIPv6(address)) return Buffer.from(address.split(".").map(Number));
  // Without dots, after checkIp.
  const [head = "", tail] = address.split("::");
  const groups = (text: string) => (text === "" ? [] : text.split(":").map((group) => parseInt(group, 16)));
  const before = groups(head);
  const after = tail === undefined ? [] : groups(tail);
  const zeros = new Array<number>(8 - before.length - after.length).fill(0);
  const bytes = Buffer.alloc(16);
  [...before, ...zeros, ...after].forEach((group, i) => bytes.writeUInt16BE(group, 2 * i));
  return bytes;
}

const atom = /^[\w!#$%&'*+/=?^`{|}~-]+(\.[\w!#$%&'*+/=?^`{|}~-]+)*$/;

/** Mailbox of RFC 5280 section 4.2.1.6: ASCII before the at sign, a host name after it. */
function checkEmail(value: string): string {
  const at = value.lastIndexOf("@");
  const local = value.slice(0, Math.max(0, at));
  if (local.length > 64 || !atom.test(local)) {
    throw invalid(
      `email: expected an address with 1 to 64 ASCII letters, digits and signs before the @, got ${described(value)}`,
    );
  }
  return `${local}@${checkDns("email: after the @", value.slice(at + 1))}`;
}

/** An absolute URI in the characters of RFC 3986. */
function checkUri(value: string): string {
  const isUri =
    value.length <= maxUriLength &&
    /^[A-Za-z][A-Za-z0-9+.-]*:([\w.~:/?#[\]@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})+$/.test(value);
  if (isUri) return value;
  throw invalid(
    `uri: expected an absolute URI of at most ${maxUriLength} characters, percent-encoded, got ${described(value)}`,
  );
}

function checkUpn(value: string): string {
  const text = checkText("upn", value);
  if (/^[^@\s]+@[^@\s]+$/.test(text)) return text;
  throw invalid(`upn: expected NAME@REALM, got ${described(value)}`);
}
