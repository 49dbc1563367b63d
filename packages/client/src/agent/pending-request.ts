import { AsyncResource } from "node:async_hooks";
import { secTokenBinding } from "@tokbind/codec";
import type { Dispatcher } from "undici";
import { chainOf, type RedirectChain } from "../redirects/redirect-chain.ts";
import { noProof, type Proof } from "./proof.ts";

/** Options of a request, made for this one request. */
export type OwnOptions = Dispatcher.DispatchOptions & {
  /** Names and values in turn. */
  readonly headers: string[];
  /** A constant name: otherwise undici would reconnect when an application sets another Host. */
  servername: string;
};

/**
 * A request on its way through a pool. Whatever is called for it runs in its asynchronous context, and not in that of the
 * request whose end made room for it.
 */
export class PendingRequest extends AsyncResource {
  readonly options: OwnOptions;
  readonly handler: Dispatcher.DispatchHandler;
  /** How often it has been given to a connection that was lost. */
  losses = 0;
  /** When it came, in milliseconds since 1970. */
  readonly since = Date.now();
  /** Undefined for a request alone: what follows it is not known to be its redirect. */
  readonly chain: RedirectChain | undefined;
  /** That of the connection that it goes over now. */
  #proof = noProof;
  /** Length of `headers` as the application gave them. */
  readonly #headersLength: number;

  constructor(options: OwnOptions, handler: Dispatcher.DispatchHandler) {
    super("TokenBindingRequest", { requireManualDestroy: true });
    this.options = options;
    this.handler = handler;
    this.chain = chainOf(options);
    this.#headersLength = options.headers.length;
  }

  get proof(): Proof {
    return this.#proof;
  }

  set proof(proof: Proof) {
    const { headers } = this.options;
    // One that comes back has the field of another connection.
    headers.length = this.#headersLength;
    if (proof.header !== undefined) headers.push(secTokenBinding, proof.header);
    this.#proof = proof;
  }
}
