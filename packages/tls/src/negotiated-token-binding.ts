import {
  ekmLength,
  exporterLabel,
  type KeyParameters,
  keyParametersName,
  type ProtocolVersion,
  tokenBindingVersion,
} from "@tokbind/codec";
import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { finishedMessages } from "./finished-messages.ts";
import { native } from "./native.ts";
import { warnOfForeignContext } from "./warn-of-foreign-context.ts";

/**
 * What a connection negotiated. It never changes while the connection lives (RFC 8472 section 4), and everybody who
 * asks gets the same object. Frozen.
 */
export interface NegotiatedTokenBinding {
  /** The Token Binding protocol version. */
  readonly version: ProtocolVersion;
  /** What the client signs its provided binding with. */
  readonly keyParameters: KeyParameters;
  /** 32 bytes exported from the connection (RFC 8471 section 3.3): what is signed. A copy at each access. */
  readonly ekm: Uint8Array;
  /** As `tlsSocket.getProtocol()` says it: "TLSv1.2", "TLSv1.3". */
  readonly tlsVersion: string;
  /** Whether the TLS session was resumed. Token Binding was negotiated afresh in either case (RFC 8472 section 4). */
  readonly resumed: boolean;
}

/** What is asked of a TLSSocket, or http2's proxy of one, once its handshake is complete. */
interface Connected extends Pick<TLSSocket, "getProtocol" | "isSessionReused"> {
  // Without a context: an empty one, as Node's types ask for, gives another value up to TLS 1.2.
  exportKeyingMaterial(length: number, label: string): Uint8Array;
}

const none = Symbol("no Token Binding");
const known = new WeakMap<object, NegotiatedTokenBinding | typeof none>();
// The addon agrees on no other.
const version = Object.freeze({ ...tokenBindingVersion });

/**
 * What this connection negotiated by RFC 8472, the same object at every call; undefined before the handshake is
 * complete and when Token Binding was not negotiated. The first call has to come before the socket is destroyed.
 *
 * When a client offered Token Binding to a listener whose TLS context was made outside of `withTokenBinding`, a process
 * warning with the code `TOKBIND_CONTEXT` says so, once for each listener.
 *
 * @param socket - of either side, whoever made it: a TLSSocket, `request.socket`, or http2's `session.socket`;
 *   anything else has negotiated nothing
 * @throws TokenBindingError `unsupported_runtime` where the addon cannot work
 * @example
 * const negotiated = negotiatedTokenBinding(request.socket);
 */
export function negotiatedTokenBinding(
  socket: Socket | null | undefined,
): NegotiatedTokenBinding | undefined {
  if (!socket) return undefined;
  const cached = known.get(socket);
  if (cached !== undefined) return cached === none ? undefined : cached;
  const finished = finishedMessages(socket);
  if (finished === undefined) return undefined;
  const code = native().negotiated(...finished);
  if (code === null) warnOfForeignContext(socket);
  const negotiated = typeof code === "number" ? describe(socket as Socket & Connected, code) : none;
  known.set(socket, negotiated);
  return negotiated === none ? undefined : negotiated;
}

function describe(socket: Connected, code: number): NegotiatedTokenBinding {
  const exported = socket.exportKeyingMaterial(ekmLength, exporterLabel);
  return Object.freeze({
    version,
    keyParameters: keyParametersName(code)!,
    get ekm() {
      // Bytes cannot be frozen.
      return new Uint8Array(exported);
    },
    tlsVersion: socket.getProtocol() ?? "unknown",
    resumed: socket.isSessionReused(),
  });
}
