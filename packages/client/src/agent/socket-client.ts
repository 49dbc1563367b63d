import type { TLSSocket } from "node:tls";
import { TokenBindingError } from "@tokbind/codec";
import { Client, type Dispatcher } from "undici";

/**
 * An undici Client that has this one socket and cannot reconnect, so what was signed for this connection never travels
 * over another (RFC 8471 section 3.3).
 */
export class SocketClient {
  readonly #socket: TLSSocket;
  readonly #origin: URL;
  readonly #client: Client;
  #handedOver = false;
  #closed = false;
  #error: Error | undefined;

  /**
   * @param pipelining - most requests at a time
   * @param onClose - called once when the connection is gone, never before the constructor returns
   */
  constructor(origin: URL, socket: TLSSocket, pipelining: number, onClose: () => void) {
    this.#socket = socket;
    this.#origin = origin;
    this.#client = new Client(origin, {
      pipelining,
      connect: (_options, callback) => {
        // A Client stalls if its connector calls back synchronously.
        queueMicrotask(() => {
          this.#handOver(callback);
        });
      },
    });
    const close = () => {
      if (this.#closed) return;
      this.#closed = true;
      onClose();
    };
    socket.on("error", (error: Error) => {
      this.#error = error;
    });
    socket.once("close", close);
    // HTTP/2 leaves the socket open for a while after a GOAWAY.
    this.#client.once("disconnect", close);
    if (socket.destroyed) queueMicrotask(close);
  }

  /** Whether nothing can be sent any more. */
  get isLost(): boolean {
    return this.#closed || isHalfClosed(this.#socket);
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
}

function isHalfClosed(socket: TLSSocket): boolean {
  return socket.destroyed || socket.readableEnded || socket.writableEnded;
}
