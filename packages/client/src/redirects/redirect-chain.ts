import type { Dispatcher } from "undici";
import type { Referral } from "./referral.ts";

/** A referral that is due. */
export interface DueReferral extends Referral {
  readonly to: string;
  /** Whether the application named it: then it has to be made. */
  readonly isRequired: boolean;
}

/**
 * A request of an application with everything that redirects make of it. A dispatcher sees single requests, so those of
 * one chain share this object. What is due holds for requests to one origin until the next redirect: also when the
 * request is sent again because its connection was lost, and never after another hop (RFC 8473 section 5.3).
 */
export class RedirectChain {
  #due: readonly DueReferral[] = [];
  #isRedirected = false;

  /** What the first request of the chain has to refer, if it is for that origin. */
  begin(referral: Referral & { readonly to: string }): void {
    if (this.#isRedirected) return;
    this.#due = [...this.#due.filter(({ to }) => to !== referral.to), { ...referral, isRequired: true }];
  }

  /** What a request to this origin has to refer. */
  dueFor({ origin }: URL): DueReferral | undefined {
    return this.#due.find(({ to }) => to === origin);
  }

  /** A request of the chain was answered with a redirect, which asks for this referral or for none. */
  redirected(referral: Referral | undefined): void {
    this.#isRedirected = true;
    this.#due = referral ? [{ key: referral.key, to: new URL(referral.to).origin, isRequired: false }] : [];
  }
}

const redirectChain = Symbol("redirect chain");

type Chained = Dispatcher.DispatchOptions & { [redirectChain]?: RedirectChain };

export function chainOf(options: Dispatcher.DispatchOptions): RedirectChain | undefined {
  return (options as Chained)[redirectChain];
}

/** An interceptor for the outermost place: all that comes of one request is one chain. */
export const startChain: Dispatcher.DispatcherComposeInterceptor = (dispatch) => (options, handler) =>
  dispatch(chained(options, chainOf(options) ?? new RedirectChain()), handler);

/** A dispatcher all whose requests are one chain: for one call of `fetch`, which dispatches each hop by itself. */
export function inOneChain(dispatcher: Dispatcher): Dispatcher {
  const chain = new RedirectChain();
  const dispatch: Dispatcher["dispatch"] = (options, handler) =>
    dispatcher.dispatch(chained(options, chain), handler);
  return { dispatch } as Dispatcher;
}

function chained(options: Dispatcher.DispatchOptions, chain: RedirectChain): Dispatcher.DispatchOptions {
  const own: Chained = { ...options, [redirectChain]: chain };
  return own;
}
