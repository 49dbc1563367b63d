import type { ClientHttp2Session } from "node:http2";
import type { TLSSocket } from "node:tls";
import { TokenBindingError } from "@tokbind/codec";
import { Client, type Dispatcher } from "undici";
import type { HttpOptions } from "./http-options.ts";
import { sessionOf } from "./session-of.ts";

export interface SocketClientEvents {
  /** The connection takes nothing more, but answers what it has. Only over HTTP/2, and before `onClose`. */
  readonly onGoAway?: () => void;
  /** The connection is gone. Called once, and never before the constructor returns. */
  readonly onClose: (error: Error | undefined) => void;
}

/**
 * An undici Client that has this one socket and cannot reconnect, so what was signed for this connection never travels
 * over another (RFC 8471 section 3.3).
 */
export class SocketClient {
  readonly #socket: TLSSocket;
  readonly #origin: URL;
  readonly #client: Client;
  #session: ClientHttp2Session | undefined;
  #handedOver = false;
  #closed = false;
  #error: Error | undefined;

  constructor(origin: URL, socket: TLSSocket, options: HttpOptions, events: SocketClientEvents) {
    this.#socket = socket;
    this.#origin = origin;
    this.#client = new Client(origin, {
      ...(options as Client.Options),
      connect: (_options, callback) => {
        // A Client stalls if its connector calls back synchronously.
        queueMicrotask(() => {
          this.#handOver(callback);
        });
      },
    });
    const close = (error?: Error) => {
      if (this.#closed) return;
      this.#closed = true;
      events.onClose(error);
    };
    socket.on("error", (error: Error) => {
      this.#error = error;
    });
    this.#client.once("disconnect", (_origin, _targets, error) => {
      close(error);
    });
    // undici hears of it later, and has an error for it.
    socket.once("close", () => {
      queueMicrotask(close);
    });
    if (socket.alpnProtocol === "h2") {
      this.#client.once("connect", () => {
        this.#watchSession(events.onGoAway);
      });
    }
    if (socket.destroyed) queueMicrotask(close);
  }

  /** Whether nothing can be sent any more. */
  get isLost(): boolean {
    return this.#closed || isHalfClosed(this.#socket) || isGoing(this.#session);
  }

  lostError(): TokenBindingError {
    return new TokenBindingError(
      "connection_lost",
      `connection to ${this.#origin.origin}: closed before the answer came`,
      this.#error && { cause: this.#error },
    );
  }

  dispatch(options: Dispatcher.DispatchOptions, handler: object): void {
    this.#client.dispatch(options, handler);
  }

  /** Closes the connection unless undici has it, and so watches it. */
  discard(): void {
    if (!this.#handedOver) this.#socket.destroy();
  }

  /** Ends a connection that has no more requests, but may carry a WebSocket. */
  end(): void {
    if (this.#session === undefined) void this.close();
    else this.#session.close();
  }

  /** Closes the connection once its requests are answered. */
  async close(): Promise<void> {
    await this.#client.close();
    this.discard();
  }

  async destroy(error: Error): Promise<void> {
    this.discard();
    await this.#client.destroy(error);
  }

  #handOver(callback: (...args: [Error, null] | [null, TLSSocket]) => void): void {
    // To close one that has ended takes some turns of the event loop. undici then finds no error to report, and one
    // with HTTP/2 ends the process.
    if (this.#handedOver || isHalfClosed(this.#socket)) {
      callback(this.lostError(), null);
    } else {
      this.#handedOver = true;
      callback(null, this.#socket);
    }
  }

  /**
   * undici ends a connection at a GOAWAY, and with it every request that the server would still answer (RFC 9113 section
   * 6.8). Node does it right: a GOAWAY without error lets streams up to the last one end and refuses the others.
   */
  #watchSession(onGoAway: (() => void) | undefined): void {
    this.#session = sessionOf(this.#socket);
    this.#session?.removeAllListeners("goaway").on("goaway", () => onGoAway?.());
  }
}

function isHalfClosed(socket: TLSSocket): boolean {
  return socket.destroyed || socket.readableEnded || socket.writableEnded;
}

function isGoing(session: ClientHttp2Session | undefined): boolean {
  return session !== undefined && (session.closed || session.destroyed);
}
