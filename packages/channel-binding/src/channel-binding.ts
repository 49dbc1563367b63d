import type { TLSSocket } from "node:tls";
import { TokenBindingError } from "@tokbind/codec";
import { checkOptions, described } from "@tokbind/codec/options";
import { refuseRenegotiation } from "./renegotiation.ts";
import { endPoint, type EndPointOptions, endPointRules } from "./server-end-points.ts";
import { certificateInSession, hasExtendedMasterSecret } from "./tls-session.ts";
import { type TlsConnection, tlsConnection } from "./tls-connection.ts";

/** The registered channel bindings of TLS (RFC 5929 sections 3 and 4, RFC 9266). */
export type ChannelBindingType = "tls-server-end-point" | "tls-unique" | "tls-exporter";

/**
 * The channel binding data of a TLS connection, from either end of it, full or resumed. Ask at the moment of use and keep
 * nothing: a renegotiation changes the data.
 *
 * - `tls-server-end-point` (RFC 5929 section 4): 28 to 64 bytes, the hash of the server's certificate. All connections
 *   to one server share it. A server with several certificates accepts those of {@link serverEndPoints} instead.
 * - `tls-unique` (RFC 5929 section 3): verify_data of the first Finished message of the latest handshake, 12 bytes; up to
 *   TLS 1.2, with Extended Master Secret (RFC 7627).
 * - `tls-exporter` (RFC 9266): 32 bytes; up to TLS 1.2 with Extended Master Secret and without renegotiation. A server's
 *   connection refuses to renegotiate from then on.
 *
 * @throws TokenBindingError `undefined_for_certificate` (Ed25519, for example), `undefined_for_tls_version`,
 * `no_extended_master_secret`, `renegotiated`, `session_unreadable`; `no_tls_connection` for a socket without TLS or
 * before the end of its handshake; `invalid_argument` for another type
 * @example
 * ```ts
 * const data = channelBinding(socket, "tls-server-end-point");
 * ```
 */
export function channelBinding(
  socket: TLSSocket,
  type: ChannelBindingType,
  options: EndPointOptions = {},
): Buffer {
  checkOptions("channelBinding", options, endPointRules);
  if (!isChannelBindingType(type)) {
    throw new TokenBindingError(
      "invalid_argument",
      `expected tls-server-end-point, tls-unique or tls-exporter, got ${described(type)}`,
    );
  }
  const connection = tlsConnection(socket);
  if (type === "tls-server-end-point") return endPoint(serverCertificate(connection), options);
  return type === "tls-unique" ? tlsUnique(connection) : tlsExporter(connection);
}

/** Whether `type` is one that {@link channelBinding} computes. */
export function isChannelBindingType(type: unknown): type is ChannelBindingType {
  return type === "tls-server-end-point" || type === "tls-unique" || type === "tls-exporter";
}

/**
 * The type that SCRAM and GS2 take when nothing else is agreed upon (RFC 9266 section 3): tls-exporter in TLS 1.3,
 * tls-unique below.
 *
 * @throws TokenBindingError `no_tls_connection`
 */
export function defaultChannelBindingType(socket: TLSSocket): ChannelBindingType {
  return tlsConnection(socket).version === "TLSv1.3" ? "tls-exporter" : "tls-unique";
}

function serverCertificate({ socket, isServer }: TlsConnection): Uint8Array {
  const certificate = isServer ? socket.getX509Certificate() : socket.getPeerX509Certificate();
  if (certificate !== undefined) return certificate.raw;
  if (!isServer) return certificateInSession(socket);
  throw new TokenBindingError(
    "undefined_for_certificate",
    "expected a connection with a certificate of the server, this one has none",
  );
}

function tlsUnique(connection: TlsConnection): Buffer {
  const { socket, isServer, version, finished, peerFinished } = connection;
  if (version === "TLSv1.3") {
    throw new TokenBindingError(
      "undefined_for_tls_version",
      "expected TLS 1.2 or older, got TLS 1.3, for which tls-unique is undefined (RFC 9266 section 3): use tls-exporter or tls-server-end-point",
    );
  }
  requireExtendedMasterSecret(connection);
  // The client's Finished is the first in a full handshake, the server's in a resumed one.
  return socket.isSessionReused() === isServer ? finished : peerFinished;
}

function tlsExporter(connection: TlsConnection): Buffer {
  if (connection.version !== "TLSv1.3") {
    requireExtendedMasterSecret(connection);
    refuseRenegotiation(connection);
  }
  // The context is empty, not absent: up to TLS 1.2 that makes a difference (RFC 5705 section 4).
  return connection.socket.exportKeyingMaterial(32, "EXPORTER-Channel-Binding", Buffer.alloc(0));
}

function requireExtendedMasterSecret({ socket }: TlsConnection): void {
  if (hasExtendedMasterSecret(socket)) return;
  throw new TokenBindingError(
    "no_extended_master_secret",
    "expected a connection with Extended Master Secret (RFC 7627), got one without: a man in the middle can give two connections the same binding",
  );
}
