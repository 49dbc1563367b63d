import { EventEmitter, setMaxListeners } from "node:events";
import { Dispatcher, errors, type Pool } from "undici";
import { referralIn } from "../redirects/referral-in.ts";
import { asError } from "./as-error.ts";
import type { Connected, ConnectOrigin } from "./connect-origin.ts";
import { Connection, type GetKey } from "./connection.ts";
import type { HttpOptions } from "./http-options.ts";
import { mayRepeat } from "./may-repeat.ts";
import { type OwnOptions, PendingRequest } from "./pending-request.ts";
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
  /** Milliseconds after which a connection takes no more requests. */
  readonly clientTtl: number;
  readonly allowH2: boolean;
  readonly http: HttpOptions;
  readonly observe: ((sent: SentRequest) => void) | undefined;
  /** Whether redirects may ask for a referral. */
  readonly refer: boolean;
}

/**
 * The connections of one https origin. A request is signed for a connection, so it gets one first: a free one, or
 * else one that is opened for it, or else the first that becomes free. Requests wait in the order they came.
 */
export class OriginPool extends Dispatcher {
  readonly origin: URL;
  readonly #hostname: string;
  readonly #options: OriginPoolOptions;
  readonly #queue: PendingRequest[] = [];
  readonly #connections = new Set<Connection>();
  /** Connections that take no more requests, but still have some. */
  readonly #retired = new Set<Connection>();
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
    this.origin = options.route.origin;
    this.#hostname = this.origin.hostname;
    this.#options = options;
    this.#mayBeHttp2 = options.allowH2;
    // Every connection that is being opened listens.
    setMaxListeners(0, this.#destroyed.signal);
  }

  get destroyed(): boolean {
    return this.#destroyed.signal.aborted;
  }

  get closed(): boolean {
    return this.#closing !== undefined;
  }

  /** As undici's Pool counts. */
  get stats(): Pool.PoolStats {
    const connections = [...this.#connections, ...this.#retired];
    const running = connections.reduce((sum, { requests }) => sum + requests, 0);
    const queued = this.#queue.length;
    return {
      connected: connections.length,
      free: connections.filter(({ isFree }) => isFree).length,
      pending: queued + this.#opening,
      queued,
      running,
      size: running + queued + this.#opening,
    };
  }

  /** @param options - made for this request */
  override dispatch(options: OwnOptions, handler: Dispatcher.DispatchHandler): boolean {
    const isConnect = options.method === "CONNECT";
    checkHandler(handler, isConnect || Boolean(options.upgrade));
    options.servername = this.#hostname;
    const request = new PendingRequest(options, handler);
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
      await Promise.all(this.#all().map((each) => each.close()));
    });
    this.#next();
    return this.#closing;
  }

  /** Fails all requests with the reason, if that is an Error, and closes the connections at once. */
  override async destroy(reason?: unknown): Promise<void> {
    const error = reason instanceof Error ? reason : new errors.ClientDestroyedError();
    this.#destroyed.abort(error);
    this.#failQueue(error);
    await Promise.all(this.#all().map((each) => each.destroy(error)));
  }

  #all(): (Connection | Tunnel)[] {
    return [...this.#connections, ...this.#retired, ...this.#tunnels];
  }

  /** Serves the queue as far as that goes now. */
  #next(): void {
    while (this.#queue.length > 0) {
      const free = this.#free();
      if (free === undefined && !this.#mayOpen()) return;
      const request = this.#queue.shift()!;
      if (free === undefined) void request.runInAsyncScope(this.#open, this, request);
      else request.runInAsyncScope(this.#serve, this, request, free);
    }
    if (this.#needDrain) {
      this.#needDrain = false;
      // The types lack the second argument, which undici's own pools send and its Agent expects.
      EventEmitter.prototype.emit.call(this, "drain", this.origin, [this]);
    }
    if (this.#preparing > 0) return;
    this.#end();
    if (this.#onIdle === undefined) return;
    const connections = [...this.#connections, ...this.#retired];
    if (connections.every(({ requests }) => requests === 0)) this.#onIdle();
  }

  #free(): Connection | undefined {
    const { clientTtl } = this.#options;
    for (const connection of this.#connections) {
      if (clientTtl !== Infinity && connection.age > clientTtl) connection.retire();
      else if (connection.isFree) return connection;
    }
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
    let error: Error | undefined;
    try {
      connection = this.#connected(await this.#connect(false));
    } catch (thrown) {
      error = thrown as Error;
    }
    this.#opening--;
    this.#preparing--;
    if (connection !== undefined) this.#serve(request, connection);
    else this.#notOpened(request, error!);
  }

  #notOpened(request: PendingRequest, error: Error): void {
    const isDestroyed = this.#destroyed.signal.aborted;
    if (!isDestroyed && mayRepeat(request, error, "unsent", true, this.#options.http.headersTimeout)) {
      this.#queue.unshift(request);
    } else {
      failRequest(request.handler, error);
      // Those that wait would have had this connection or the next, which fares no better.
      if (this.#opening === 0 && this.#connections.size === 0) this.#failQueue(error);
    }
    this.#failed(error);
    this.#next();
  }

  #serve(request: PendingRequest, connection: Connection): void {
    this.#preparing++;
    void connection.serve(request);
  }

  async #tunnel(request: PendingRequest): Promise<void> {
    this.#preparing++;
    try {
      const connected = await this.#connect(true);
      const tunnel: Tunnel = new Tunnel(this.origin, connected, this.#options.http, (error) => {
        this.#tunnels.delete(tunnel);
        this.#disconnected(error);
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
      for (;;) {
        const connected = await this.#options.connectOrigin(this.#options.route, isProxy, signal);
        if (!signal.aborted && !connected.retired.aborted) return connected;
        connected.socket.destroy();
        signal.throwIfAborted();
      }
    } catch (error) {
      // A lookup may throw anything.
      throw error instanceof Error ? error : asError("invalid_argument", "lookup", error);
    }
  }

  #connected(connected: Connected): Connection {
    const { getKey, observe, http, refer } = this.#options;
    const { retired, ...shown } = connected;
    const onRetired = () => {
      connection.retire();
      this.#next();
    };
    const connection: Connection = new Connection(this.origin, connected, getKey, http, {
      onFree: () => {
        this.#next();
      },
      onRetire: () => {
        this.#connections.delete(connection);
        this.#retired.add(connection);
        this.#mayBeHttp2 = this.#options.allowH2;
      },
      onClose: (error) => {
        retired.removeEventListener("abort", onRetired);
        this.#connections.delete(connection);
        this.#retired.delete(connection);
        this.#disconnected(error);
      },
      onReturn: (request) => {
        this.#takeBack(request);
      },
      onStart: (request) => {
        if (observe === undefined) return;
        const { method, path } = request.options;
        const { provided, header } = request.proof;
        const url = this.origin.origin + path;
        const sent = { method, url, ...shown, provided, secTokenBinding: header };
        request.runInAsyncScope(observe, undefined, sent);
      },
      onRedirect: ({ chain, options: { path }, proof }, status, headers) => {
        const url = this.origin.origin + path;
        chain?.redirected(refer ? referralIn({ url, provided: proof.provided }, status, headers) : undefined);
      },
      onServed: () => {
        this.#preparing--;
        this.#next();
      },
    });
    this.#mayBeHttp2 = this.#options.allowH2 && connection.isHttp2;
    retired.addEventListener("abort", onRetired);
    this.#connections.add(connection);
    this.#emitConnect();
    return connection;
  }

  #takeBack(request: PendingRequest): void {
    const { signal } = this.#destroyed;
    if (signal.aborted) {
      failRequest(request.handler, signal.reason as Error);
      return;
    }
    this.#queue.unshift(request);
    this.#next();
  }

  #failQueue(error: Error): void {
    for (const { handler } of this.#queue.splice(0)) failRequest(handler, error);
  }

  #emitConnect(): void {
    this.emit("connect", this.origin, [this]);
    this.#end();
  }

  // undici's Agent closes a pool and forgets it at the event that leaves it without a connection. It hears of that when
  // nothing is waiting: otherwise the next request would get a second pool, and agent.destroy() would miss this one.

  #disconnected(error: Error = new errors.SocketError("closed")): void {
    this.#endings.push(() => this.emit("disconnect", this.origin, [this], error as never));
    this.#next();
  }

  #failed(error: Error): void {
    this.#endings.push(() => this.emit("connectionError", this.origin, [this], error as never));
  }

  #end(): void {
    if (this.#endings.length === 0) return;
    for (const emit of this.#endings.splice(0)) emit();
  }
}
