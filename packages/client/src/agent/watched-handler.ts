import { type Dispatcher, errors } from "undici";
import type { ResponseHeaders } from "../redirects/field-values.ts";

type Handler = Dispatcher.DispatchHandler;

/** What a connection wants to know of a request that it has given to undici. */
export interface Watcher {
  /** The request is about to be written. What this throws fails the request. */
  readonly onStart: () => void;
  /** The request failed before it was written. Returns true to keep that from its handler. */
  readonly onNotStarted: () => boolean;
  /** The answer is a redirect. */
  readonly onRedirect?: ((status: number, headers: ResponseHeaders) => void) | undefined;
  /** The request is over, well or badly. Called once, and before `onNotStarted`. */
  readonly onEnd: () => void;
}

/* eslint-disable @typescript-eslint/no-deprecated -- undici's Agent hands on every handler in this older shape */

type Arguments<Name extends keyof Handler> = Parameters<NonNullable<Handler[Name]>>;

/** Passes every call on to the handler of a request. */
export class WatchedHandler {
  readonly #handler: Handler;
  readonly #watcher: Watcher;
  #started = false;
  #ended = false;
  // undici asks whether a handler has these.
  readonly onBodySent?: (...args: Arguments<"onBodySent">) => void;
  readonly onRequestSent?: () => void;

  constructor(handler: Handler & { onRequestSent?: () => void }, watcher: Watcher) {
    this.#handler = handler;
    this.#watcher = watcher;
    if (handler.onBodySent !== undefined)
      this.onBodySent = (...args) => {
        handler.onBodySent!(...args);
      };
    if (handler.onRequestSent !== undefined)
      this.onRequestSent = () => {
        handler.onRequestSent!();
      };
  }

  onConnect(...args: Arguments<"onConnect">): void {
    this.#started = true;
    this.#watcher.onStart();
    this.#handler.onConnect!(...args);
  }

  onError(error: Error): void {
    this.#end();
    if (this.#started || !this.#watcher.onNotStarted()) this.#handler.onError!(error);
  }

  onUpgrade(...args: Arguments<"onUpgrade">): void {
    this.#handler.onUpgrade!(...args);
  }

  onResponseStarted(): void {
    this.#handler.onResponseStarted?.();
  }

  onHeaders(...args: Arguments<"onHeaders">): boolean {
    const [status, headers] = args;
    if (status >= 300 && status < 400) this.#watcher.onRedirect?.(status, headers);
    return this.#handler.onHeaders!(...args);
  }

  onData(...args: Arguments<"onData">): boolean {
    return this.#handler.onData!(...args);
  }

  onComplete(...args: Arguments<"onComplete">): void {
    this.#handler.onComplete!(...args);
    this.#end();
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#watcher.onEnd();
  }
}

/**
 * Refuses a handler that lacks a method, as undici does: it cannot see that of one that is watched.
 *
 * @throws InvalidArgumentError of undici
 */
export function checkHandler(handler: Handler, isUpgrade: boolean): void {
  const answer = isUpgrade ? (["onUpgrade"] as const) : (["onHeaders", "onData", "onComplete"] as const);
  for (const name of ["onConnect", "onError", ...answer] as const) {
    if (typeof handler[name] !== "function") throw new errors.InvalidArgumentError(`invalid ${name} method`);
  }
}

/** Reports the failure of a request that never reached undici's Client. */
export function failRequest(handler: Handler, error: Error): void {
  if (handler.onRequestStart === undefined) {
    handler.onError?.(error);
  } else {
    // There is no controller yet; undici itself calls it so.
    handler.onResponseError?.(undefined as never, error);
  }
}
