import { errors } from "undici";
import { WatchedHandler } from "./watched-handler.ts";

/** Keeps to limits that undici keeps to over HTTP/1.1 only. */
export class LimitedHandler extends WatchedHandler {
  /** Bytes of the names and values of the header fields of an answer. */
  maxHeaderSize = Infinity;
  /** Bytes of its body. */
  maxResponseSize = Infinity;
  #received = 0;

  // What these throw, undici aborts the request with.

  override onHeaders(...args: Parameters<WatchedHandler["onHeaders"]>): boolean {
    const size = args[1].reduce((sum, { length }) => sum + length, 0);
    if (size > this.maxHeaderSize) throw new errors.HeadersOverflowError();
    return super.onHeaders(...args);
  }

  override onData(...args: Parameters<WatchedHandler["onData"]>): boolean {
    this.#received += args[0].length;
    if (this.#received > this.maxResponseSize) throw new errors.ResponseExceededMaxSizeError();
    return super.onData(...args);
  }
}
