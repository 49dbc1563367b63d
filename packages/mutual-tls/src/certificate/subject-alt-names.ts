import { SocketAddress } from "node:net";
import type { SubjectAltNames } from "@tokbind/codec/node";
import { type DerReader, tags } from "../der/der-reader.ts";

/** The names of a certificate without the extension. */
export const noNames: SubjectAltNames = freeze({ email: [], upn: [], uri: [], dns: [], ip: [] });

/** Tags of GeneralName (RFC 5280 section 4.2.1.6). */
const choices = { otherName: 0xa0, rfc822Name: 0x81, dNSName: 0x82, uri: 0x86, iPAddress: 0x87 } as const;

/** 1.3.6.1.4.1.311.20.2.3 in hex. */
const userPrincipalName = "2b060104018237140203";

/**
 * The names of a subjectAltName, each as it is in the DER. Kinds that identify nobody here (directoryName, …) are passed
 * over. A name with characters that some reader might take for syntax, or for the end, is refused.
 *
 * @throws TokenBindingError `certificate_malformed`
 */
export function readSubjectAltNames(value: DerReader): SubjectAltNames {
  const names = {
    email: [] as string[],
    upn: [] as string[],
    uri: [] as string[],
    dns: [] as string[],
    ip: [] as string[],
  };
  const list = value.next(tags.sequence).inside();
  while (!list.isAtEnd) {
    switch (list.next().tag) {
      case choices.rfc822Name:
        names.email.push(ia5(list));
        break;
      case choices.dNSName:
        names.dns.push(ia5(list).toLowerCase());
        break;
      case choices.uri:
        names.uri.push(ia5(list));
        break;
      case choices.iPAddress:
        names.ip.push(address(list));
        break;
      case choices.otherName: {
        const upn = upnOf(list.inside());
        if (upn !== undefined) names.upn.push(upn);
        break;
      }
    }
  }
  return freeze(names);
}

/** IA5String: visible ASCII, as mail addresses, URIs and DNS names are written. */
function ia5(reader: DerReader): string {
  const text = reader.text(reader.content, reader.end);
  if (/^[\x21-\x7e]+$/.test(text)) return text;
  throw reader.invalid("subjectAltName: expected visible ASCII, got other characters, or none");
}

function address(reader: DerReader): string {
  const bytes = reader.value();
  if (bytes.length === 4) return bytes.join(".");
  if (bytes.length !== 16) {
    throw reader.invalid(`subjectAltName: expected an address of 4 or 16 bytes, got ${bytes.length}`);
  }
  const groups = Array.from({ length: 8 }, (_, i) => bytes.readUInt16BE(2 * i).toString(16));
  return new SocketAddress({ address: groups.join(":"), family: "ipv6" }).address;
}

/** Undefined for an otherName of another type. */
function upnOf(reader: DerReader): string | undefined {
  if (reader.next(tags.oid).value().toString("hex") !== userPrincipalName) return undefined;
  const inner = reader.next(choices.otherName).inside();
  const text = decodeUtf8(inner.next(tags.utf8String).value());
  // \p{C}: control and format characters, surrogates, what is not assigned.
  if (text !== undefined && text !== "" && !/[\p{C}\p{Z}]/u.test(text)) return text;
  throw inner.invalid("subjectAltName: expected a UPN of visible characters, got others, or none");
}

function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

function freeze(names: SubjectAltNames): SubjectAltNames {
  for (const list of Object.values(names) as string[][]) Object.freeze(list);
  return Object.freeze(names);
}
