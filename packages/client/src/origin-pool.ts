import { EventEmitter, setMaxListeners } from "node:events";
import { Dispatcher, errors } from "undici";
import type { ConnectOrigin } from "./connect-origin.ts";
import { Connection, type GetKey, type PendingRequest } from "./connection.ts";
import { failRequest } from "./intercept-failure.ts";
import type { SentRequest } from "./sent-request.ts";

export interface OriginPoolOptions {
  readonly connectOrigin: ConnectOrigin;
  readonly getKey: GetKey;
  /** Most connections at a time. */
  readonly connections: number;
  readonly allowH2: boolean;
  readonly observe: (sent: SentRequest) => void;
}

/**
 * The connections of one https origin. A request is signed for a connection, so it gets one first: a free one, or
 * else one that is opened for it, or else the first that becomes free. Requests wait in the order they came.
 */
export class OriginPool extends Dispatcher {
  readonly #origin: URL;
  readonly #options: OriginPoolOptions;
  readonly #queue: PendingRequest[] = [];
  readonly #connections = new Set<Connection>();
  readonly #destroyed = new AbortController();
  #opening = 0;
  /** Requests that have left the queue and are not with a Client yet. */
  #preparing = 0;
  #mayBeHttp2: boolean;
  #needDrain = false;
  #closing: Promise<void> | undefined;
  #onIdle: (() => void) | undefined;

  constructor(origin: URL, options: OriginPoolOptions) {
    super();
    this.#origin = origin;
    this.#options = options;
    this.#mayBeHttp2 = options.allowH2;
    // Every connection that is being opened listens.
    setMaxListeners(0, this.#destroyed.signal);
  }

  get destroyed(): boolean {
    return this.#destroyed.signal.aborted;
  }

  override dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    // The agent has made a list of the header fields.
    const request = { options: options as PendingRequest["options"], handler };
    if (isConnect(request)) {
      void this.#open(request);
      return true;
    }
    this.#queue.push(request);
    this.#next();
    this.#needDrain = this.#queue.length > 0;
    return !this.#needDrain;
  }

  /** Waits for all requests and closes the connections. */
  override close(): Promise<void> {
    this.#closing ??= new Promise<void>((resolve) => (this.#onIdle = resolve)).then(async () => {
      await Promise.all([...this.#connections].map((connection) => connection.close()));
    });
    this.#next();
    return this.#closing;
  }

  /** Fails all requests with the reason, if that is an Error, and closes the connections at once. */
  override async destroy(reason?: unknown): Promise<void> {
    const error = reason instanceof Error ? reason : new errors.ClientDestroyedError();
    this.#destroyed.abort(error);
    this.#failQueue(error);
    await Promise.all([...this.#connections].map((connection) => connection.destroy(error)));
  }

  /** Serves the queue as far as that goes now. */
  #next(): void {
    while (this.#queue.length > 0) {
      const free = this.#free();
      if (free === undefined && !this.#mayOpen()) return;
      const request = this.#queue.shift()!;
      void (free === undefined ? this.#open(request) : this.#serve(request, free));
    }
    if (this.#needDrain) {
      this.#needDrain = false;
      // The types do not know of the second argument, which undici's own pools send and its Agent expects.
      EventEmitter.prototype.emit.call(this, "drain", this.#origin, [this]);
    }
    if (this.#preparing === 0) this.#onIdle?.();
  }

  #free(): Connection | undefined {
    for (const connection of this.#connections) if (connection.isFree) return connection;
    return undefined;
  }

  #mayOpen(): boolean {
    const count = this.#connections.size + this.#opening;
    // Only a handshake tells whether one connection can carry everything (RFC 9113 section 9.1).
    return count < (this.#mayBeHttp2 ? 1 : this.#options.connections);
  }

  async #open(request: PendingRequest): Promise<void> {
    this.#opening++;
    this.#preparing++;
    let connection: Connection | undefined;
    let failure: Error | undefined;
    try {
      connection = await this.#connect(request);
    } catch (error) {
      failure = error as Error;
    }
    this.#opening--;
    this.#preparing--;
    if (connection !== undefined) return this.#serve(request, connection);

    const error = failure!;
    failRequest(request.handler, error);
    // Those that wait would have had this connection or the next, which fares no better.
    if (this.#opening === 0 && this.#connections.size === 0) this.#failQueue(error);
    this.emit("connectionError", this.#origin, [this], error as never);
    this.#next();
  }

  async #connect(request: PendingRequest): Promise<Connection> {
    const { connectOrigin, allowH2, observe } = this.#options;
    const { signal } = this.#destroyed;
    const isProxy = isConnect(request);
    const connected = await connectOrigin(this.#origin, isProxy, signal);
    if (signal.aborted) {
      connected.socket.destroy();
      throw signal.reason;
    }
    const connection = new Connection(this.#origin, connected, isProxy, {
      onFree: () => {
        this.#next();
      },
      onClose: () => {
        this.#connections.delete(connection);
        const error = new errors.SocketError("closed");
        this.emit("disconnect", this.#origin, [this], error);
        this.#next();
      },
      onReturn: (returned) => {
        if (signal.aborted) {
          failRequest(returned.handler, signal.reason as Error);
          return;
        }
        this.#queue.unshift(returned);
        this.#next();
      },
      onStart: ({ options }, secTokenBinding) => {
        const { socket, negotiated } = connected;
        const { method, path } = options;
        observe({ method, url: this.#origin.origin + path, socket, negotiated, secTokenBinding });
      },
    });
    if (!isProxy) this.#mayBeHttp2 = allowH2 && connection.isHttp2;
    this.#connections.add(connection);
    this.emit("connect", this.#origin, [this]);
    return connection;
  }

  async #serve(request: PendingRequest, connection: Connection): Promise<void> {
    this.#preparing++;
    connection.reserve();
    try {
      const header = await connection.sign(this.#options.getKey);
      this.#destroyed.signal.throwIfAborted();
      connection.send(request, header);
    } catch (error) {
      failRequest(request.handler, error as Error);
    }
    connection.release();
    this.#preparing--;
    this.#next();
  }

  #failQueue(error: Error): void {
    for (const { handler } of this.#queue.splice(0)) failRequest(handler, error);
  }
}

function isConnect({ options }: PendingRequest): boolean {
  return options.method === "CONNECT";
}
