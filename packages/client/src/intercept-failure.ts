import type { Dispatcher } from "undici";

export interface Interception {
  /** The request is about to be written. */
  readonly onStart: () => void;
  /** The request failed before it was written. Returns true to keep that from the handler. */
  readonly onNotStarted: () => boolean;
}

/**
 * Watches a request without touching it. It is a Proxy because undici's handlers come in two shapes, some of them
 * with private fields, and none loses anything this way.
 */
export function interceptFailure(
  handler: Dispatcher.DispatchHandler,
  { onStart, onNotStarted }: Interception,
): Dispatcher.DispatchHandler {
  let started = false;
  return new Proxy(handler, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name, target);
      if (typeof member !== "function") return member;
      const call = (...args: unknown[]): unknown => Reflect.apply(member, target, args);
      switch (name) {
        case "onConnect":
        case "onRequestStart":
          return (...args: unknown[]) => {
            started = true;
            onStart();
            return call(...args);
          };
        case "onError":
        case "onResponseError":
          return (...args: unknown[]) => {
            if (started || !onNotStarted()) call(...args);
          };
        default:
          return call;
      }
    },
  });
}

/** Reports the failure of a request that never reached undici's Client. */
export function failRequest(handler: Dispatcher.DispatchHandler, error: Error): void {
  if (handler.onRequestStart === undefined) {
    // eslint-disable-next-line @typescript-eslint/no-deprecated -- the shape of handlers in undici 6, as in Node 20
    handler.onError?.(error);
  } else {
    // There is no controller yet; undici itself calls it so.
    handler.onResponseError?.(undefined as never, error);
  }
}
