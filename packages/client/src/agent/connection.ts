import { type KeyParameters, secTokenBinding } from "@tokbind/codec";
import type { TokenBindingKey } from "@tokbind/crypto";
import type { Connected } from "./connect-origin.ts";
import type { PendingRequest } from "./pending-request.ts";
import { Signer } from "./signer.ts";
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

// What undici takes for the streams of one HTTP/2 connection; node:http2 holds back what the server does not allow.
const maxStreams = 100;

/** One TLS connection, which signs for itself. */
export class Connection {
  readonly isHttp2: boolean;
  readonly #keyParameters: KeyParameters | undefined;
  readonly #signer: Signer | undefined;
  readonly #getKey: GetKey;
  readonly #events: ConnectionEvents;
  readonly #client: SocketClient;
  readonly #room: number;
  /** From the moment that room is kept for them until they are over. */
  #requests = 0;
  #used = false;
  #destroyed: Error | undefined;

  constructor(origin: URL, { socket, negotiated }: Connected, getKey: GetKey, events: ConnectionEvents) {
    this.isHttp2 = socket.alpnProtocol === "h2";
    this.#room = this.isHttp2 ? maxStreams : 1;
    this.#keyParameters = negotiated?.keyParameters;
    this.#signer = negotiated && new Signer(negotiated.ekm);
    this.#getKey = getKey;
    this.#events = events;
    this.#client = new SocketClient(origin, socket, this.#room, events.onClose);
  }

  /** Whether another request can be sent at once: one at a time in HTTP/1.1, many in HTTP/2. */
  get isFree(): boolean {
    return this.#requests < this.#room && !this.#client.isLost;
  }

  /**
   * Keeps room for a request, signs, sends it, and gives the room up when it is over. Never rejects: what goes wrong
   * is for the handler of the request. Resolves when the request is sent, or has failed.
   */
  async serve(request: PendingRequest): Promise<void> {
    this.#requests++;
    try {
      const header = this.#signer && (await this.#signer.sign(await this.#getKey(this.#keyParameters!)));
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
    this.#events.onFree();
  }
}
