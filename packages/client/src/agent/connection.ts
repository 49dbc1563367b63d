import type { KeyParameters } from "@tokbind/codec";
import type { TokenBindingKey } from "@tokbind/crypto";
import type { ResponseHeaders } from "../redirects/field-values.ts";
import { asError } from "./as-error.ts";
import type { Connected } from "./connect-origin.ts";
import type { HttpOptions } from "./http-options.ts";
import { LimitedHandler } from "./limited-handler.ts";
import { defaultHeadersTimeout, mayRepeat } from "./may-repeat.ts";
import type { PendingRequest } from "./pending-request.ts";
import { noProof, type Proof } from "./proof.ts";
import { Signer } from "./signer.ts";
import { SocketClient } from "./socket-client.ts";
import { failRequest, WatchedHandler, type Watcher } from "./watched-handler.ts";

/** The key to use with an origin. */
export type GetKey = (keyParameters: KeyParameters) => Promise<TokenBindingKey>;

export interface ConnectionEvents {
  /** The connection may take another request. */
  readonly onFree: () => void;
  /** The connection takes no more requests, but still answers those that it has. Called once at most. */
  readonly onRetire: () => void;
  /** The connection is gone. Called once. */
  readonly onClose: (error: Error | undefined) => void;
  /** A request is about to be written. What this throws fails the request. */
  readonly onStart: (request: PendingRequest) => void;
  /** A request was answered with a redirect. */
  readonly onRedirect: (request: PendingRequest, status: number, headers: ResponseHeaders) => void;
  /** A request that was to be served is with undici now, or has failed or come back. */
  readonly onServed: () => void;
  /** The connection was lost, and this request goes over another one. */
  readonly onReturn: (request: PendingRequest) => void;
}

// undici's default for the streams of one HTTP/2 connection; node:http2 holds back what the server does not allow.
const defaultStreams = 100;

/** One TLS connection, which signs for itself. */
export class Connection {
  readonly isHttp2: boolean;
  readonly #origin: URL;
  readonly #keyParameters: KeyParameters | undefined;
  readonly #signer: Signer | undefined;
  readonly #getKey: GetKey;
  readonly #options: HttpOptions;
  readonly #events: ConnectionEvents;
  readonly #watcher: Watcher;
  readonly #client: SocketClient;
  readonly #room: number;
  readonly #since = Date.now();
  /** From the moment that room is kept for them until they are over. */
  #requests = 0;
  /** All that it ever got. */
  #served = 0;
  #isRetired = false;
  #idle: NodeJS.Timeout | undefined;
  #destroyed: Error | undefined;

  constructor(
    origin: URL,
    { socket, negotiated }: Connected,
    getKey: GetKey,
    options: HttpOptions,
    events: ConnectionEvents,
  ) {
    this.isHttp2 = socket.alpnProtocol === "h2";
    this.#origin = origin;
    this.#room = this.isHttp2
      ? (options.maxConcurrentStreams ?? defaultStreams)
      : Math.max(1, options.pipelining ?? 1);
    this.#keyParameters = negotiated?.keyParameters;
    this.#signer = negotiated && new Signer(negotiated.ekm);
    this.#getKey = getKey;
    this.#options = options;
    this.#events = events;
    this.#watcher = {
      onStart: (request) => {
        // undici would make a new stream of a session that takes none, which ends the process.
        if (this.#client.isLost) throw this.#client.lostError();
        events.onStart(request);
      },
      onFailure: (request, error, progress) => {
        const returns = mayRepeat(request, error, progress, this.#client.isLost, options.headersTimeout);
        if (returns) events.onReturn(request);
        return returns;
      },
      onRedirect: events.onRedirect,
      onEnd: () => {
        this.#release();
      },
    };
    const clientOptions = this.isHttp2 ? { ...options, pipelining: this.#room } : options;
    this.#client = new SocketClient(origin, socket, clientOptions, {
      onGoAway: () => {
        this.retire();
      },
      onClose: (error) => {
        clearTimeout(this.#idle);
        events.onClose(error);
      },
    });
  }

  /** Whether another request can be sent at once: one at a time in HTTP/1.1, or as many as are pipelined; many in HTTP/2. */
  get isFree(): boolean {
    return this.#requests < this.#room && !this.#isRetired && !this.#client.isLost;
  }

  /** Requests that it has. */
  get requests(): number {
    return this.#requests;
  }

  /** Milliseconds since its handshake. */
  get age(): number {
    return Date.now() - this.#since;
  }

  /**
   * Keeps room for a request, signs, sends it, and gives the room up when it is over. Never rejects: what goes wrong
   * is for the handler of the request.
   */
  async serve(request: PendingRequest): Promise<void> {
    this.#requests++;
    clearTimeout(this.#idle);
    try {
      const proof = this.#signer ? await this.#prove(this.#signer, request) : noProof;
      if (this.#destroyed !== undefined) throw this.#destroyed;
      if (!this.#isRetired && !this.#client.isLost) this.#send(request, proof);
      else this.#giveBack(request);
    } catch (error) {
      this.#release();
      failRequest(request.handler, error as Error);
    }
    this.#events.onServed();
  }

  /** The connection went while the request was signed for it. */
  #giveBack(request: PendingRequest): void {
    const error = this.#client.lostError();
    if (!mayRepeat(request, error, "unsent", true, this.#options.headersTimeout)) throw error;
    this.#events.onReturn(request);
    this.#release();
  }

  /** Takes no more requests, and closes the connection once those that it has are answered. */
  retire(): void {
    if (this.#isRetired) return;
    this.#isRetired = true;
    this.#events.onRetire();
    if (this.#requests === 0) this.#client.end();
  }

  async close(): Promise<void> {
    await this.#client.close();
  }

  async destroy(error: Error): Promise<void> {
    this.#destroyed = error;
    await this.#client.destroy(error);
  }

  async #prove(signer: Signer, { chain }: PendingRequest): Promise<Proof> {
    const provided = await this.#getKey(this.#keyParameters!);
    const due = chain?.dueFor(this.#origin);
    if (due !== undefined) {
      try {
        return { provided, header: await signer.refer(provided, due.key) };
      } catch (error) {
        if (due.isRequired) throw asError("key_store", "refer: key", error);
        // The other key may have been lost since; a redirect must not break for that.
      }
    }
    const header = signer.sign(provided);
    return { provided, header: typeof header === "string" ? header : await header };
  }

  #send(request: PendingRequest, proof: Proof): void {
    request.proof = proof;
    this.#client.dispatch(request.options, this.#watch(request));
    const { maxRequestsPerClient = 0 } = this.#options;
    if (this.isHttp2 && maxRequestsPerClient > 0 && ++this.#served >= maxRequestsPerClient) this.retire();
  }

  #watch(request: PendingRequest): WatchedHandler {
    const { maxHeaderSize, maxResponseSize = -1, headersTimeout = defaultHeadersTimeout } = this.#options;
    const patience = request.options.headersTimeout ?? headersTimeout;
    if (!this.isHttp2 || (maxHeaderSize === undefined && maxResponseSize === -1)) {
      return new WatchedHandler(request, this.#watcher, patience);
    }
    const handler = new LimitedHandler(request, this.#watcher, patience);
    if (maxHeaderSize !== undefined) handler.maxHeaderSize = maxHeaderSize;
    if (maxResponseSize !== -1) handler.maxResponseSize = maxResponseSize;
    return handler;
  }

  #release(): void {
    this.#requests--;
    if (this.#requests === 0) this.#rest();
    this.#events.onFree();
  }

  #rest(): void {
    // Nothing watches a connection that undici does not have yet, so it goes when nobody needs it.
    this.#client.discard();
    if (this.#isRetired) this.#client.end();
    else if (this.isHttp2 && this.#options.keepAliveTimeout !== undefined) {
      this.#idle = setTimeout(() => {
        this.retire();
      }, this.#options.keepAliveTimeout).unref();
    }
  }
}
