import { type KeyParameters, secTokenBinding } from "@tokbind/codec";
import type { TokenBindingKey } from "@tokbind/crypto";
import { createTokenBindingMessage } from "@tokbind/message";
import { asError } from "./as-error.ts";
import type { Connected } from "./connect-origin.ts";
import type { PendingRequest } from "./pending-request.ts";
import { SocketClient } from "./socket-client.ts";
import { failRequest, WatchedHandler } from "./watched-handler.ts";

/** The key to use with an origin. */
export type GetKey = (keyParameters: KeyParameters) => Promise<TokenBindingKey>;

export interface ConnectionEvents {
  /** The connection may take another request. */
  readonly onFree: () => void;
  /** The connection is gone. Called once. */
  readonly onClose: () => void;
  /** A request is about to be written. What this throws fails the request. */
  readonly onStart: (request: PendingRequest, header: string | undefined) => void;
  /** The connection was lost before this request was written, so it can go over another one. */
  readonly onReturn: (request: PendingRequest) => void;
}

interface Signed {
  readonly key: TokenBindingKey;
  /** The value of Sec-Token-Binding. */
  header: Promise<string> | string;
}

// What undici takes for the streams of one HTTP/2 connection; node:http2 holds back what the server does not allow.
const maxStreams = 100;

/** One TLS connection, which signs for itself. */
export class Connection {
  readonly isHttp2: boolean;
  readonly #negotiated: Connected["negotiated"];
  readonly #getKey: GetKey;
  readonly #events: ConnectionEvents;
  readonly #client: SocketClient;
  readonly #room: number;
  readonly #retired: AbortSignal;
  /** From the moment that room is kept for them until they are over. */
  #requests = 0;
  #signed: Signed | undefined;
  #used = false;
  #destroyed: Error | undefined;

  constructor(origin: URL, connected: Connected, getKey: GetKey, events: ConnectionEvents) {
    const { socket, negotiated, retired } = connected;
    this.isHttp2 = socket.alpnProtocol === "h2";
    this.#room = this.isHttp2 ? maxStreams : 1;
    this.#negotiated = negotiated;
    this.#getKey = getKey;
    this.#events = events;
    this.#retired = retired;
    this.#client = new SocketClient(origin, socket, this.#room, () => {
      retired.removeEventListener("abort", this.#retire);
      events.onClose();
    });
    retired.addEventListener("abort", this.#retire);
  }

  /** Whether later requests should have another connection. */
  get isRetired(): boolean {
    return this.#retired.aborted;
  }

  /** Whether another request can be sent at once: one at a time in HTTP/1.1, many in HTTP/2. */
  get isFree(): boolean {
    return this.#requests < this.#room && !this.#client.isLost && !this.isRetired;
  }

  /** Closes a connection that gets no more requests, once those that it has are over. */
  readonly #retire = (): void => {
    // What goes wrong now, after the last request, is nobody's concern.
    if (this.#requests === 0) this.close().catch(() => undefined);
  };

  /**
   * Keeps room for a request, signs, sends it, and gives the room up when it is over. Never rejects: what goes wrong
   * is for the handler of the request. Resolves when the request is sent, or has failed.
   */
  async serve(request: PendingRequest): Promise<void> {
    this.#requests++;
    try {
      const header = this.#negotiated && (await this.#sign(this.#negotiated));
      if (this.#destroyed !== undefined) throw this.#destroyed;
      this.#send(request, header);
    } catch (error) {
      this.#release();
      failRequest(request.handler, error as Error);
    }
  }

  async close(): Promise<void> {
    await this.#client.close();
  }

  async destroy(error: Error): Promise<void> {
    this.#destroyed = error;
    await this.#client.destroy(error);
  }

  /**
   * The value of Sec-Token-Binding: signed once, since it holds for all requests with this key (RFC 8473 section 2).
   */
  async #sign({ ekm, keyParameters }: NonNullable<Connected["negotiated"]>): Promise<string> {
    const key = await this.#getKey(keyParameters);
    if (this.#signed?.key !== key) {
      const header = createTokenBindingMessage({ ekm, provided: key });
      const signed: Signed = (this.#signed = { key, header });
      header.then(
        (value) => (signed.header = value),
        // A key in hardware may be there again next time.
        () => {
          if (this.#signed === signed) this.#signed = undefined;
        },
      );
    }
    const { header } = this.#signed;
    try {
      return typeof header === "string" ? header : await header;
    } catch (error) {
      throw asError("key_store", "key store: key", error);
    }
  }

  #send(request: PendingRequest, header: string | undefined): void {
    const { options, handler, headersLength } = request;
    // One that comes back has a field of another connection.
    options.headers.length = headersLength;
    if (header !== undefined) options.headers.push(secTokenBinding, header);
    const watched = new WatchedHandler(handler, {
      onStart: () => {
        this.#used = true;
        this.#events.onStart(request, header);
      },
      onNotStarted: () => {
        // A fresh connection that breaks cannot be blamed on keep-alive; retrying could loop forever.
        const returns = this.#used && this.#client.isLost;
        if (returns) this.#events.onReturn(request);
        return returns;
      },
      onEnd: () => {
        this.#release();
      },
    });
    this.#client.dispatch(options, watched);
  }

  #release(): void {
    this.#requests--;
    // Nothing watches a connection that undici does not have yet, so it goes when nobody needs it.
    if (this.#requests === 0) this.#client.discard();
    if (this.isRetired) this.#retire();
    this.#events.onFree();
  }
}
