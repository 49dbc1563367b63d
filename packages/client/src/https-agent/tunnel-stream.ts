import type { Socket } from "node:net";
import { Duplex } from "node:stream";

/**
 * The inside of a tunnel that may still be being opened: TLS can start over it at once, and so a request can have its socket
 * with all its timeouts.
 */
export class TunnelStream extends Duplex {
  readonly #opening: Promise<Socket>;
  #socket: Socket | undefined;
  #isIdle = false;

  /** @param opening - whoever made it also handles its failure: here it only ends the stream */
  constructor(opening: Promise<Socket>) {
    super({ allowHalfOpen: true });
    this.#opening = opening;
  }

  /** Whether the tunnel keeps the process from ending. */
  setIdle(isIdle: boolean): void {
    this.#isIdle = isIdle;
    if (isIdle) this.#socket?.unref();
    else this.#socket?.ref();
  }

  override _construct(callback: () => void): void {
    const fail = () => {
      callback();
      this.destroy();
    };
    this.#opening.then((socket) => {
      this.#carry(socket);
      callback();
    }, fail);
  }

  #carry(socket: Socket): void {
    this.#socket = socket;
    this.setIdle(this.#isIdle);
    socket.on("data", (chunk: Buffer) => {
      if (!this.push(chunk)) socket.pause();
    });
    socket.on("end", () => this.push(null));
    socket.on("error", (error) => this.destroy(error));
    socket.on("close", () => this.destroy());
  }

  override _read(): void {
    this.#socket?.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
    this.#socket!.write(chunk, callback);
  }

  override _final(callback: () => void): void {
    this.#socket!.end(callback);
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    this.#socket?.destroy();
    callback(error);
  }
}
