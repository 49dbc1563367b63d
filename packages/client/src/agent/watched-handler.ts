import { type Dispatcher, errors } from "undici";
import type { ResponseHeaders } from "../redirects/field-values.ts";
import type { Progress } from "./may-repeat.ts";
import type { PendingRequest } from "./pending-request.ts";

type Handler = Dispatcher.DispatchHandler;

/** What a connection wants to know of the requests that it has given to undici. */
export interface Watcher {
  /** The request is about to be written. What this throws fails the request. */
  readonly onStart: (request: PendingRequest) => void;
  /** The request failed, and not by its application. Returns true to keep that from its handler. */
  readonly onFailure: (request: PendingRequest, error: Error, progress: Progress) => boolean;
  /** The answer is a redirect. */
  readonly onRedirect: (request: PendingRequest, status: number, headers: ResponseHeaders) => void;
  /** The request is over, well or badly. Called once, and after `onFailure`. */
  readonly onEnd: () => void;
}

/** Most answers before the real one; there is rarely more than one of 103 and one of 100 (RFC 9110 section 15.2). */
const mostInterimAnswers = 100;

/* eslint-disable @typescript-eslint/no-deprecated -- undici's Agent hands on every handler in this older shape */

type Arguments<Name extends keyof Handler> = Parameters<NonNullable<Handler[Name]>>;

/** Passes every call on to the handler of a request. */
export class WatchedHandler {
  readonly #request: PendingRequest;
  readonly #handler: Handler;
  readonly #watcher: Watcher;
  readonly #headersTimeout: number;
  #progress: Progress = "unsent";
  #startedAt = 0;
  #interimAnswers = 0;
  #aborted = false;
  #ended = false;
  // undici asks whether a handler has these.
  readonly onBodySent?: (...args: Arguments<"onBodySent">) => void;
  readonly onRequestSent?: () => void;

  /** @param headersTimeout - milliseconds that all interim answers together may take; 0: no limit */
  constructor(request: PendingRequest, watcher: Watcher, headersTimeout: number) {
    const handler: Handler & { onRequestSent?: () => void } = request.handler;
    this.#request = request;
    this.#handler = handler;
    this.#watcher = watcher;
    this.#headersTimeout = headersTimeout;
    if (handler.onBodySent !== undefined)
      this.onBodySent = (...args) => {
        handler.onBodySent!(...args);
      };
    if (handler.onRequestSent !== undefined)
      this.onRequestSent = () => {
        handler.onRequestSent!();
      };
  }

  onConnect(abort: (error?: Error) => void): void {
    // undici keeps a request that failed because its connection was about to close.
    if (this.#ended) {
      abort();
      return;
    }
    this.#watcher.onStart(this.#request);
    this.#progress = "sent";
    this.#handler.onConnect!((error) => {
      this.#aborted = true;
      abort(error);
    });
  }

  onError(error: Error): void {
    if (this.#ended && this.#progress !== "answered") return;
    const returns = !this.#aborted && this.#watcher.onFailure(this.#request, error, this.#progress);
    this.#end();
    if (!returns) this.#handler.onError!(error);
  }

  onUpgrade(...args: Arguments<"onUpgrade">): void {
    this.#progress = "answered";
    this.#handler.onUpgrade!(...args);
    this.#end();
  }

  onResponseStarted(): void {
    this.#handler.onResponseStarted?.();
  }

  onHeaders(...args: Arguments<"onHeaders">): boolean {
    const [status, headers] = args;
    if (status < 200) this.#countInterim();
    else this.#progress = "answered";
    if (status >= 300 && status < 400) this.#watcher.onRedirect(this.#request, status, headers);
    return this.#handler.onHeaders!(...args);
  }

  onData(...args: Arguments<"onData">): boolean {
    return this.#handler.onData!(...args);
  }

  onComplete(...args: Arguments<"onComplete">): void {
    this.#handler.onComplete!(...args);
    this.#end();
  }

  /** Each of them gives undici new patience, and there is no end of them by itself. */
  #countInterim(): void {
    this.#startedAt ||= Date.now();
    if (++this.#interimAnswers > mostInterimAnswers) {
      throw new errors.HeadersOverflowError(`more than ${mostInterimAnswers} interim answers`);
    }
    if (this.#headersTimeout === 0 || Date.now() - this.#startedAt < this.#headersTimeout) return;
    throw new errors.HeadersTimeoutError("interim answers only");
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
