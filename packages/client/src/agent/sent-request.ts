import type { TLSSocket } from "node:tls";
import type { TokenBindingKey } from "@tokbind/crypto";
import type { NegotiatedTokenBinding } from "@tokbind/tls";

/** A request as it goes out over https, for whoever wants to watch. */
export interface SentRequest {
  readonly method: string;
  /** Origin and path; without the `query` option of undici. */
  readonly url: string;
  /** The connection that carries the request. To look at, not to use. */
  readonly socket: TLSSocket;
  /** Scheme, host and port of the forward proxy that the connection goes through; undefined: it goes directly. */
  readonly proxy: string | undefined;
  /** What that connection negotiated; undefined without Token Binding. Its `ekm` is a secret of the connection. */
  readonly negotiated: NegotiatedTokenBinding | undefined;
  /** The key that it proves to the server; undefined without Token Binding. */
  readonly provided: TokenBindingKey | undefined;
  /** The value of its Sec-Token-Binding header field; undefined when it has none. */
  readonly secTokenBinding: string | undefined;
}
