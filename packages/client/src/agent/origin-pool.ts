import { EventEmitter, setMaxListeners } from "node:events";
import { Dispatcher, errors } from "undici";
import { asError } from "./as-error.ts";
import type { Connected, ConnectOrigin } from "./connect-origin.ts";
import { Connection, type GetKey } from "./connection.ts";
import type { PendingRequest } from "./pending-request.ts";
import type { Route } from "./route.ts";
import type { SentRequest } from "./sent-request.ts";
import { Tunnel } from "./tunnel.ts";
import { checkHandler, failRequest } from "./watched-handler.ts";

export interface OriginPoolOptions {
  readonly route: Route;
  readonly connectOrigin: ConnectOrigin;
  readonly getKey: GetKey;
  /** Most connections at a time, tunnels not counted. */
  readonly connections: number;
  readonly allowH2: boolean;
  readonly observe: ((sent: SentRequest) => void) | undefined;
}

/**
 * The connections of one https origin. A request is signed for a connection, so it gets one first: a free one, or
 * else one that is opened for it, or else the first that becomes free. Requests wait in the order they came.
 */
export class OriginPool extends Dispatcher {
  readonly #options: OriginPoolOptions;
  readonly #hostname: string;
  readonly #queue: PendingRequest[] = [];
  readonly #connections = new Set<Connection>();
  readonly #tunnels = new Set<Tunnel>();
  readonly #destroyed = new AbortController();
  /** Connections that are being opened, tunnels not counted. */
  #opening = 0;
  /** Requests that have left the queue and are not with undici yet. */
  #preparing = 0;
  #mayBeHttp2: boolean;
  #needDrain = false;
  #closing: Promise<void> | undefined;
  #onIdle: (() => void) | undefined;
  /** Events to be emitted when there is nothing else to do. */
  readonly #endings: (() => void)[] = [];

  constructor(options: OriginPoolOptions) {
    super();
    this.#options = options;
    this.#hostname = options.route.origin.hostname;
    this.#mayBeHttp2 = options.allowH2;
    // Every connection that is being opened listens.
    setMaxListeners(0, this.#destroyed.signal);
  }

  get destroyed(): boolean {
    return this.#destroyed.signal.aborted;
  }

  /** @param options - with header fields as a list that was made for this request */
  override dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    const isConnect = options.method === "CONNECT";
    checkHandler(handler, isConnect || Boolean(options.upgrade));
    const headers = options.headers as string[];
    // A constant server name: otherwise undici would reconnect when an application sets another Host.
    const own = { ...options, headers, servername: this.#hostname };
    const request = { options: own, handler, headersLength: headers.length };
    if (isConnect) {
      void this.#tunnel(request);
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
      await Promise.all([...this.#connections, ...this.#tunnels].map((each) => each.close()));
    });
    this.#next();
    return this.#closing;
  }

  /** Fails all requests with the reason, if that is an Error, and closes the connections at once. */
  override async destroy(reason?: unknown): Promise<void> {
    const error = reason instanceof Error ? reason : new errors.ClientDestroyedError();
    this.#destroyed.abort(error);
    this.#failQueue(error);
    await Promise.all([...this.#connections, ...this.#tunnels].map((each) => each.destroy(error)));
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
      // The types lack the second argument, which undici's own pools send and its Agent expects.
      EventEmitter.prototype.emit.call(this, "drain", this.#options.route.origin, [this]);
    }
    if (this.#preparing > 0) return;
    this.#end();
    this.#onIdle?.();
  }

  #free(): Connection | undefined {
    for (const connection of this.#connections) if (connection.isFree) return connection;
    return undefined;
  }

  #mayOpen(): boolean {
    // Only a handshake tells whether one connection can carry everything (RFC 9113 section 9.1).
    if (this.#mayBeHttp2)
      return this.#opening === 0 && [...this.#connections].every((each) => each.isRetired);
    return this.#connections.size + this.#opening < this.#options.connections;
  }

  async #open(request: PendingRequest): Promise<void> {
    this.#opening++;
    this.#preparing++;
    let connection: Connection | undefined;
    try {
      connection = this.#connected(await this.#connect(false));
    } catch (error) {
      failRequest(request.handler, error as Error);
      // Those that wait would have had this connection or the next, which fares no better.
      if (this.#opening === 1 && this.#connections.size === 0) this.#failQueue(error as Error);
      this.#failed(error as Error);
    }
    this.#opening--;
    this.#preparing--;
    if (connection === undefined) this.#next();
    else await this.#serve(request, connection);
  }

  async #serve(request: PendingRequest, connection: Connection): Promise<void> {
    this.#preparing++;
    await connection.serve(request);
    this.#preparing--;
    this.#next();
  }

  async #tunnel(request: PendingRequest): Promise<void> {
    this.#preparing++;
    try {
      const connected = await this.#connect(true);
      const tunnel: Tunnel = new Tunnel(this.#options.route.origin, connected, () => {
        this.#tunnels.delete(tunnel);
        this.#disconnected();
      });
      this.#tunnels.add(tunnel);
      this.#emitConnect();
      tunnel.request(request);
    } catch (error) {
      failRequest(request.handler, error as Error);
      this.#failed(error as Error);
    }
    this.#preparing--;
    this.#next();
  }

  async #connect(isProxy: boolean): Promise<Connected> {
    const { signal } = this.#destroyed;
    try {
      const connected = await this.#options.connectOrigin(this.#options.route, isProxy, signal);
      if (!signal.aborted) return connected;
      connected.socket.destroy();
      throw signal.reason;
    } catch (error) {
      // A lookup may throw anything.
      throw error instanceof Error ? error : asError("invalid_argument", "lookup", error);
    }
  }

  #connected(connected: Connected): Connection {
    const { route, getKey, observe } = this.#options;
    const { signal } = this.#destroyed;
    const connection = new Connection(route.origin, connected, getKey, {
      onFree: () => {
        this.#next();
      },
      onClose: () => {
        this.#connections.delete(connection);
        this.#disconnected();
      },
      onReturn: (request) => {
        if (signal.aborted) {
          failRequest(request.handler, signal.reason as Error);
          return;
        }
        this.#queue.unshift(request);
        this.#next();
      },
      onStart: ({ options: { method, path } }, secTokenBinding) => {
        observe?.({ method, url: route.origin.origin + path, ...connected, secTokenBinding });
      },
    });
    this.#mayBeHttp2 = this.#options.allowH2 && connection.isHttp2;
    this.#connections.add(connection);
    this.#emitConnect();
    return connection;
  }

  #failQueue(error: Error): void {
    for (const { handler } of this.#queue.splice(0)) failRequest(handler, error);
  }

  #emitConnect(): void {
    this.emit("connect", this.#options.route.origin, [this]);
    this.#end();
  }

  // undici's Agent closes a pool and forgets it at the event that leaves it without a connection. It hears of that when
  // nothing is waiting: otherwise the next request would get a second pool, and agent.destroy() would miss this one.

  #disconnected(): void {
    const error = new errors.SocketError("closed");
    this.#endings.push(() => this.emit("disconnect", this.#options.route.origin, [this], error));
    this.#next();
  }

  #failed(error: Error): void {
    this.#endings.push(() =>
      this.emit("connectionError", this.#options.route.origin, [this], error as never),
    );
  }

  #end(): void {
    for (const emit of this.#endings.splice(0)) emit();
  }
}
