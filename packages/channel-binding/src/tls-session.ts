import type { TLSSocket } from "node:tls";
import { TokenBindingError } from "@tokbind/codec";
import { bytesOf, elementsOf, type Element, readElement, tagged } from "./asn1.ts";

// OpenSSL's SSL_SESSION in DER (ssl/ssl_asn1.c), the members that Node has no call for.
const peerTag = 3;
const flagsTag = 13;
const extendedMasterSecretFlag = 1;

/** Newer Node versions put this, a length of two bytes and the server's name before the DER. */
const wrapper = Buffer.from("\0nodejs:tls:session:1\0", "latin1");

/**
 * Whether the session has Extended Master Secret (RFC 7627).
 *
 * @throws TokenBindingError `session_unreadable`
 */
export function hasExtendedMasterSecret(socket: TLSSocket): boolean {
  const session = readSession(socket);
  // Left out when no flag is set.
  const flags = tagged(session, flagsTag);
  if (flags === undefined) return false;
  const value = elementsOf(flags)[0];
  if (value?.idBlock.tagNumber !== 2) throw unreadable("its flags are no INTEGER");
  return (bytesOf(value).at(-1)! & extendedMasterSecretFlag) !== 0;
}

/**
 * The server's certificate, DER, as a client's session keeps it: a resumed handshake brings none.
 *
 * @throws TokenBindingError `session_unreadable`
 */
export function certificateInSession(socket: TLSSocket): Buffer {
  const certificate = elementsOf(tagged(readSession(socket), peerTag))[0];
  if (certificate === undefined) throw unreadable("it holds no certificate of the server");
  return bytesOf(certificate);
}

function readSession(socket: TLSSocket): Element {
  let bytes = socket.getSession() ?? Buffer.alloc(0);
  if (bytes.subarray(0, wrapper.length).equals(wrapper) && bytes.length >= wrapper.length + 2) {
    bytes = bytes.subarray(wrapper.length + 2 + bytes.readUInt16BE(wrapper.length));
  }
  const session = readElement(bytes);
  // A structure that begins with its own version, 1.
  const version = elementsOf(session)[0];
  if (session === undefined || version === undefined || !bytesOf(version).equals(Buffer.of(2, 1, 1))) {
    throw unreadable(`got ${bytes.length} bytes`);
  }
  return session;
}

function unreadable(detail: string): TokenBindingError {
  return new TokenBindingError(
    "session_unreadable",
    `expected a TLS session in a form of OpenSSL's that is known here, ${detail}; what cannot be read is not vouched for`,
  );
}
