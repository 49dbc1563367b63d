import {
  ekmLength,
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

// The addon agrees on no other.
const version = Object.freeze({ ...tokenBindingVersion });

/** What is asked of a TLSSocket, or http2's proxy of one, once its handshake is complete. */
type Described = Pick<TLSSocket, "getProtocol" | "isSessionReused">;

/** `ekm` is an own property with the one getter of them all: V8 takes ten times the memory for a getter of its own. */
class Negotiated implements NegotiatedTokenBinding {
  static readonly #ownEkm: PropertyDescriptor & ThisType<Negotiated> = {
    enumerable: true,
    get() {
      // Bytes cannot be frozen.
      return this.#ekm.slice();
    },
  };
  readonly #ekm: Uint8Array;
  declare readonly ekm: Uint8Array;
  readonly version = version;
  readonly keyParameters: KeyParameters;
  readonly tlsVersion: string;
  readonly resumed: boolean;

  constructor(socket: Described, keyParameters: KeyParameters, ekm: Uint8Array) {
    this.#ekm = ekm;
    this.keyParameters = keyParameters;
    this.tlsVersion = socket.getProtocol() ?? "unknown";
    this.resumed = socket.isSessionReused();
    Object.defineProperty(this, "ekm", Negotiated.#ownEkm);
    Object.freeze(this);
  }
}

const none = Symbol("no Token Binding");
const known = new WeakMap<object, NegotiatedTokenBinding | typeof none>();

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
  const ekm = new Uint8Array(ekmLength);
  const code = native().negotiated(...finished, ekm);
  if (code === null) warnOfForeignContext(socket);
  const negotiated =
    typeof code === "number"
      ? new Negotiated(socket as Socket & Described, keyParametersName(code)!, ekm)
      : none;
  known.set(socket, negotiated);
  return negotiated === none ? undefined : negotiated;
}
