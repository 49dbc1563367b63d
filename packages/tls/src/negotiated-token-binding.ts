import {
  decodeTokenBindingParameters,
  ekmLength,
  exporterLabel,
  type KeyParameters,
  keyParametersName,
  type ProtocolVersion,
} from "@tokbind/codec";
import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { native } from "./native.ts";

/** What a connection negotiated. It never changes while the connection lives (RFC 8472 section 4, A-20). */
export interface NegotiatedTokenBinding {
  /** The Token Binding protocol version. */
  readonly version: ProtocolVersion;
  /** What the client signs its provided binding with. */
  readonly keyParameters: KeyParameters;
  /** 32 bytes exported from the connection (RFC 8471 section 3.3): what is signed. */
  readonly ekm: Uint8Array;
  /** As `tlsSocket.getProtocol()` says it: "TLSv1.2", "TLSv1.3". */
  readonly tlsVersion: string;
  /** Whether the TLS session was resumed. Token Binding was negotiated afresh in either case. */
  readonly resumed: boolean;
}

/** What is asked of a TLSSocket, or http2's proxy of one, once its handshake is complete. */
interface Connected extends Pick<TLSSocket, "getProtocol" | "isSessionReused"> {
  /** Without a context: an empty one, as Node's types ask for, gives another value up to TLS 1.2. */
  exportKeyingMaterial(length: number, label: string): Uint8Array;
}

const none = Symbol("no Token Binding");
const known = new WeakMap<object, NegotiatedTokenBinding | typeof none>();

/**
 * What this connection negotiated by RFC 8472, the same object at every call; undefined before the handshake is
 * complete and when Token Binding was not negotiated. The first call has to come before the socket is destroyed.
 *
 * @param socket - of either side: a TLSSocket, `request.socket`, or http2's `session.socket`; one without TLS has
 *   negotiated nothing
 * @throws TokenBindingError `unsupported_runtime` where the addon cannot work
 * @example
 * const negotiated = negotiatedTokenBinding(request.socket);
 */
export function negotiatedTokenBinding(socket: Socket): NegotiatedTokenBinding | undefined {
  const cached = known.get(socket);
  if (cached !== undefined) return cached === none ? undefined : cached;
  const finished = finishedMessages(socket);
  if (finished === undefined) return undefined;
  const body = native().negotiated(...finished);
  const negotiated = body ? describe(socket as Socket & Connected, body) : none;
  known.set(socket, negotiated);
  return negotiated === none ? undefined : negotiated;
}

/** Both Finished messages of a completed handshake, which identify the connection to the addon. */
export function finishedMessages(socket: Socket): [Uint8Array, Uint8Array] | undefined {
  const tlsSocket = socket as Partial<TLSSocket> & { secureConnecting?: boolean };
  try {
    if (tlsSocket.secureConnecting !== false) return undefined;
    const own = tlsSocket.getFinished?.() as Uint8Array | null | undefined;
    const peer = tlsSocket.getPeerFinished?.() as Uint8Array | null | undefined;
    return own && peer ? [own, peer] : undefined;
  } catch (error) {
    // http2 takes the socket away from a destroyed session.
    if ((error as NodeJS.ErrnoException).code === "ERR_HTTP2_SOCKET_UNBOUND") return undefined;
    throw error;
  }
}

function describe(socket: Connected, body: Uint8Array): NegotiatedTokenBinding {
  const { version, keyParametersList } = decodeTokenBindingParameters(body);
  return Object.freeze({
    version,
    keyParameters: keyParametersName(keyParametersList[0]!)!,
    ekm: new Uint8Array(socket.exportKeyingMaterial(ekmLength, exporterLabel)),
    tlsVersion: socket.getProtocol() ?? "unknown",
    resumed: socket.isSessionReused(),
  });
}
