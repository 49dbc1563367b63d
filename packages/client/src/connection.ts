import type { TLSSocket } from "node:tls";
import { type KeyParameters, secTokenBinding, TokenBindingError } from "@tokbind/codec";
import type { TokenBindingKey } from "@tokbind/crypto";
import { createTokenBindingMessage } from "@tokbind/message";
import type { NegotiatedTokenBinding } from "@tokbind/tls";
import { Client, type Dispatcher } from "undici";
import type { Connected } from "./connect-origin.ts";
import { interceptFailure } from "./intercept-failure.ts";

/** A request on its way through a pool. */
export interface PendingRequest {
  readonly options: Dispatcher.DispatchOptions & { readonly headers: string[] };
  readonly handler: Dispatcher.DispatchHandler;
}

/** The key to use with an origin. */
export type GetKey = (keyParameters: KeyParameters) => Promise<TokenBindingKey>;

export interface ConnectionEvents {
  /** The connection may take another request. */
  readonly onFree: () => void;
  /** The connection is gone. Called once. */
  readonly onClose: () => void;
  /** A request is about to be written. */
  readonly onStart: (request: PendingRequest, header: string | undefined) => void;
  /** The connection was lost before this request was written, so it can go over another one. */
  readonly onReturn: (request: PendingRequest) => void;
}

// What undici takes for the streams of one HTTP/2 connection; node:http2 holds back what the server does not allow.
const maxStreams = 100;

/**
 * One TLS connection and an undici Client that has only this one: it cannot reconnect, so what was signed for
 * this connection never travels over another (RFC 8471 section 3.3).
 */
export class Connection {
  readonly socket: TLSSocket;
  readonly negotiated: NegotiatedTokenBinding | undefined;
  readonly #origin: URL;
  readonly #isProxy: boolean;
  readonly #events: ConnectionEvents;
  readonly #client: Client;
  #signed: { readonly key: TokenBindingKey; readonly header: Promise<string> } | undefined;
  #handedOver = false;
  #used = false;
  #reservations = 0;
  #closed = false;
  #error: Error | undefined;

  /** @param isProxy - whether the connection is to be a tunnel and nothing else */
  constructor(origin: URL, connected: Connected, isProxy: boolean, events: ConnectionEvents) {
    const { socket, negotiated } = connected;
    this.socket = socket;
    this.negotiated = negotiated;
    this.#origin = origin;
    this.#isProxy = isProxy;
    this.#events = events;
    this.#client = new Client(origin, {
      pipelining: this.#capacity,
      connect: (_options, callback) => {
        // A Client that is called back at once forgets to go on.
        queueMicrotask(() => {
          if (this.#handedOver || socket.destroyed) {
            callback(this.#lost(), null);
          } else {
            this.#handedOver = true;
            callback(null, socket);
          }
        });
      },
    });
    this.#client.on("drain", events.onFree);
    const onClose = () => {
      if (this.#closed) return;
      this.#closed = true;
      events.onClose();
    };
    socket.on("error", (error: Error) => {
      this.#error = error;
    });
    socket.once("close", onClose);
    // HTTP/2 leaves the socket open for a while after a GOAWAY.
    this.#client.once("disconnect", onClose);
    if (socket.destroyed) queueMicrotask(onClose);
  }

  get isHttp2(): boolean {
    return this.socket.alpnProtocol === "h2";
  }

  get #capacity(): number {
    return this.isHttp2 ? maxStreams : 1;
  }

  /** Whether another request can be sent at once: one at a time in HTTP/1.1, many in HTTP/2. */
  get isFree(): boolean {
    if (this.#isProxy || this.#closed || this.socket.destroyed) return false;
    return this.#reservations + this.#client.stats.size < this.#capacity;
  }

  /** Keeps room for a request until it is released. */
  reserve(): void {
    this.#reservations++;
  }

  /**
   * The value of Sec-Token-Binding: signed once, since it holds for all requests with this key (RFC 8473 section
   * 2). Undefined when the connection did not negotiate (RFC 8471 section 3).
   */
  async sign(getKey: GetKey): Promise<string | undefined> {
    if (this.negotiated === undefined) return undefined;
    const { ekm, keyParameters } = this.negotiated;
    const key = await getKey(keyParameters);
    if (this.#signed?.key !== key) {
      const header = createTokenBindingMessage({ ekm, provided: key });
      this.#signed = { key, header };
      // A key in hardware may be there again next time.
      header.catch(() => (this.#signed = undefined));
    }
    return this.#signed.header;
  }

  /** Sends a request that room was kept for, with this Sec-Token-Binding if there is one. */
  send(request: PendingRequest, header: string | undefined): void {
    const { options } = request;
    const headers = header === undefined ? options.headers : [...options.headers, secTokenBinding, header];
    // A constant server name: else undici would reconnect when an application sets another Host.
    const sent = { ...options, headers, servername: this.#origin.hostname };
    const handler = interceptFailure(request.handler, {
      onStart: () => {
        this.#used = true;
        this.#events.onStart(request, header);
      },
      // A fresh connection that breaks is no accident of keep-alive: trying again might never end.
      onNotStarted: () => {
        const canReturn = this.#used && (this.#closed || this.socket.destroyed);
        if (canReturn) this.#events.onReturn(request);
        return canReturn;
      },
    });
    this.#client.dispatch(sent, handler);
  }

  /** Gives up the room that was kept, once the request is sent or has failed. */
  release(): void {
    this.#reservations--;
    // Nothing watches a connection that its Client has not asked for, so it goes when nobody needs it.
    if (this.#handedOver || this.#reservations + this.#client.stats.size > 0) return;
    this.socket.destroy();
  }

  /** Closes the connection once its requests are answered. */
  async close(): Promise<void> {
    await this.#client.close();
  }

  async destroy(error: Error): Promise<void> {
    if (!this.#handedOver) this.socket.destroy();
    await this.#client.destroy(error);
  }

  #lost(): TokenBindingError {
    return new TokenBindingError(
      "connection_lost",
      `connection to ${this.#origin.origin}: closed before the answer came`,
      this.#error && { cause: this.#error },
    );
  }
}
